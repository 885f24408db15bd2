/**
 * A mount by an ordinary user: through fusermount3, without passthrough, for himself alone. The same file operations
 * as in posix.test.ts, by that user, on his mount and on a plain folder.
 *
 * Where /dev/fuse is for root alone, a device of the same number is bound over it in a mount namespace of the test.
 */

import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, chown, mkdir, mkdtemp, readFile, realpath, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';

const run = promisify(execFile);
const HERE = fileURLToPath(import.meta.url);
const PROGRAM = join(HERE, '../../fixtures/unprivileged-operations.js');
const OPERATIONS = join(HERE, '../../../../test/fixtures');
// nobody: fusermount3 wants a user that has a name.
const USER = 65_534;
const GROUP = 65_534;
const skip = whyNot();

interface CaseReport {
  readonly results: readonly unknown[];
  readonly tree: readonly unknown[];
}

interface Outcome {
  readonly info: { readonly via: string; readonly passthrough: boolean; readonly limits: readonly string[] };
  readonly reports: readonly Record<'plain' | 'mounted', Record<string, CaseReport>>[];
  readonly data: string;
  readonly counters: { readonly openHandles: number };
}

function whyNot(): string | false {
  if (process.platform !== 'linux' || process.geteuid?.() !== 0) return 'needs root on Linux, to become somebody else';
  if (!existsSync('/dev/fuse')) return 'no /dev/fuse';
  return existsSync('/usr/bin/fusermount3') || existsSync('/bin/fusermount3') ? false : 'no fusermount3';
}

async function makeFolders(t: Test): Promise<string> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-unprivileged-')));
  t.teardown(() => rm(root, { recursive: true, force: true }));
  await chmod(root, 0o755);
  for (const name of ['source', 'mount', 'plain', 'programs']) {
    await mkdir(join(root, name));
    await chown(join(root, name), USER, GROUP);
  }
  // The programs may lie where this user may not look.
  for (const name of ['posix_cases.py', 'posix-operations.py', 'posix-rules.py', 'posix-calls.py', 'random-data.py']) {
    await run('install', ['-m', '644', join(OPERATIONS, name), join(root, 'programs', name)]);
  }
  await run('mknod', ['-m', '666', join(root, 'fuse'), 'c', '10', '229']);
  return root;
}

t.test('an ordinary user has the same file system on a mount of his own', { skip, timeout: 120_000 }, async (t) => {
  const root = await makeFolders(t);
  const folders = ['source', 'mount', 'plain', 'programs'].map((name) => join(root, name));
  const script = 'mount --bind "$0" /dev/fuse && exec "$@"';
  const command = ['--mount', '--propagation', 'private', 'sh', '-c', script, join(root, 'fuse')];
  const { stdout } = await run('unshare', [...command, process.execPath, PROGRAM, ...folders], { maxBuffer: 1 << 26 });
  const { info, reports, data, counters } = JSON.parse(stdout) as Outcome;
  t.equal(info.via, 'fusermount3');
  t.notOk(info.passthrough);
  t.match(info.limits.join('\n'), /passthrough needs CAP_SYS_ADMIN/);
  for (const { plain, mounted } of reports) {
    t.ok(Object.keys(plain).length > 6, 'the program ran its cases');
    for (const [name, { results, tree }] of Object.entries(plain)) {
      t.strictSame(mounted[name]?.results, results, `${name.replaceAll('_', ' ')}: results`);
      t.strictSame(mounted[name]?.tree, tree, `${name.replaceAll('_', ' ')}: the tree that is left`);
    }
  }
  t.match(data, /operations agree/);
  t.equal(counters.openHandles, 0);
  t.notMatch(await readFile('/proc/self/mounts', 'utf8'), root, 'and nothing is left');
});
