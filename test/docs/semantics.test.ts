import { access, chmod, mkdir, mkdtemp, readFile, realpath, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { matches, openShell, parseExamples } from '../fixtures/console-document.js';
import { makeClip } from '../fixtures/media.js';
import { PROXYFS, runAsProcess } from '../fixtures/run-proxyfs.js';

const DOCUMENTS = ['semantics.md', 'offline-online.md', 'cache.md', 'troubleshooting.md'];

// Each document mounts and encodes; on a busy machine that takes minutes.
t.setTimeout(480_000);

t.test('the matcher of examples tells a right output from a wrong one', async (t) => {
  t.ok(matches(['a', '...', 'z'], ['a', 'b', 'c', 'z']));
  t.ok(matches(['a', '...'], ['a']));
  t.notOk(matches(['a', '...', 'z'], ['a', 'b']));
  t.notOk(matches(['a'], ['a', 'b']));
  t.notOk(matches(['a'], []));
  t.ok(matches(['size [..] B (.)'], ['size 12 B (.)']));
  t.notOk(matches(['size [..] B (.)'], ['size 12 B (x)']));
  t.strictSame(parseExamples('```console\n$ a\nb\n```\n```sh\n$ no\n```\n```console\n$ c\n```'), [
    { line: 2, command: 'a', expected: ['b'] },
    { line: 9, command: 'c', expected: [] },
  ]);
  t.strictSame(parseExamples('a\n<!-- $ b c -->\n```console\n$ d\n<!-- $ e -->\n```'), [
    { line: 2, command: 'b c', expected: ['...'] },
    { line: 4, command: 'd', expected: ['<!-- $ e -->'] },
  ]);
});

for (const name of DOCUMENTS) {
  t.test(`every example of docs/${name} prints what the document says`, { skip: await missing() }, async (t) => {
    const root = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-semantics-')));
    const env = await prepare(root);
    const shell = openShell(root, env);
    t.teardown(async () => {
      await shell.end();
      // Left mounted by a failed example; rmdir refuses on anything but an empty folder.
      await runAsProcess(['unmount', join(root, 'show'), '--force'], { env: env as Record<string, string> });
      await rmdir(join(root, 'show'));
      await rm(root, { recursive: true, force: true });
    });
    const examples = parseExamples(
      await readFile(fileURLToPath(new URL(`../../../docs/${name}`, import.meta.url)), 'utf8'),
    );
    t.ok(examples.length > 5, 'the document has examples');
    for (const { line, command, expected } of examples) {
      const { output } = await shell.run(command);
      const isRight = matches(expected, output);
      t.ok(isRight, `line ${line}: ${command}`, isRight ? {} : { expected, output });
    }
  });
}

async function missing(): Promise<string | false> {
  const usable = await access('/dev/fuse').then(
    () => true,
    () => false,
  );
  return usable ? false : 'no /dev/fuse here';
}

/** `footage/`, an empty `show/`, and a `proxyfs` on the PATH. */
async function prepare(root: string): Promise<NodeJS.ProcessEnv> {
  const clips = join(root, 'footage', 'A001');
  const tools = join(root, 'bin');
  for (const folder of [clips, tools, join(root, 'show'), join(root, 'run')]) await mkdir(folder, { recursive: true });
  await makeClip(clips, 'one.mov', { frames: 48, width: 640, height: 360, timecode: '01:00:00:00' });
  await makeClip(clips, 'two.mov', { frames: 24, width: 640, height: 360 });
  await writeFile(join(root, 'footage', 'notes.txt'), 'scene 12\n');
  await writeFile(join(tools, 'proxyfs'), `#!/bin/sh\nexec '${process.execPath}' '${PROXYFS}' "$@"\n`);
  await chmod(join(tools, 'proxyfs'), 0o755);
  return {
    ...process.env,
    PATH: `${tools}${delimiter}${process.env['PATH'] ?? ''}`,
    LC_ALL: 'C.UTF-8',
    XDG_RUNTIME_DIR: join(root, 'run'),
    XDG_STATE_HOME: join(root, 'state'),
    XDG_CONFIG_HOME: join(root, 'config'),
  };
}
