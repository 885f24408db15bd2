import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { parseLines } from '../../ctl/path-list.js';
import type { Result } from '../../src/control/schema.js';
import { startFakeDaemon } from '../fixtures/fake-daemon.js';
import { runInPlace } from '../fixtures/run-proxyfs.js';

t.test('a list has one path a line; blank lines and remarks are skipped', async (t) => {
  t.same(parseLines('\uFEFF# a cut\r\nA001/x.mov\r\n\r\n  B b.mov  \n#y\n'), [
    { line: 2, text: 'A001/x.mov' },
    { line: 4, text: 'B b.mov' },
  ]);
});

t.test('the clips of a list are taken in its order, and what is not there is named with its line', async (t) => {
  const daemon = await startFakeDaemon({});
  t.teardown(() => daemon.close());
  const { source, mountPoint } = daemon.record;
  await mkdir(join(source, 'cut'), { recursive: true });
  for (const name of ['b.mov', 'a.mov', 'cut/c.mov']) await writeFile(join(source, name), '');
  const list = join(daemon.root, 'timeline.txt');
  await writeFile(list, `b.mov\n${mountPoint}/cut/c.mov\nb.mov\ngone.mov\n/etc/passwd\n`);
  const run = (argv: string[], options = {}) => runInPlace(argv, { cwd: '/', env: daemon.env, ...options });
  const asked = () => (daemon.calls.at(-1)?.params as { paths: string[] } | undefined)?.paths;

  const elsewhere = await run(['prewarm', '--from', list]);
  t.match(
    elsewhere.stdout,
    /Not in the project, of \S+timeline\.txt:\n {2}line 4: gone\.mov\n {2}line 5: \/etc\/passwd\n/,
  );
  t.match(elsewhere, { exitCode: 3, stderr: /2 lines of the list named nothing/ }, 'and the call has not done all');
  t.same(asked(), ['b.mov', 'cut/c.mov'], 'each once');

  await writeFile(join(source, 'cut', 'own.txt'), 'c.mov\na.mov\n');
  t.match(await run(['prewarm', '--from', join(source, 'cut', 'own.txt')]), { exitCode: 0 });
  t.same(asked(), ['cut/c.mov', 'a.mov'], 'from the folder of the list, or from the root');

  t.match(await run(['prewarm', '--from', '-'], { cwd: join(mountPoint), stdin: 'a.mov\n' }), { exitCode: 0 });
  t.same(asked(), ['a.mov']);
  await run(['prewarm', '--from', '-', '--first', 'b.mov', '--read', '--json'], { cwd: source, stdin: 'a.mov\n' });
  t.match(daemon.calls.at(-1), { params: { paths: ['b.mov', 'a.mov'], read: true, wait: true } });
  const twice = ['--first', 'cut/c.mov', '--first', 'b.mov', '--profile', 'edit', '--profile', 'light'];
  t.match(await run(['prewarm', 'a.mov', ...twice], { cwd: source }), { exitCode: 0, stderr: '' });
  t.match(daemon.calls.at(-1), {
    params: { paths: ['cut/c.mov', 'b.mov', 'a.mov'], profiles: ['edit', 'light'] },
  });

  const refused = async (argv: string[], stdin = '') => (await run(argv, { cwd: source, stdin })).stderr;
  t.match(await refused(['prewarm']), /say what: a file, a folder or a quoted pattern/);
  t.match(await refused(['prewarm', '--from', '-']), /names no clip/);
  t.match(await refused(['prewarm', '--from', '/nowhere/x.txt']), /'\/nowhere\/x\.txt' cannot be read: ENOENT/);
  t.match(
    await refused(['prewarm', '--from', '-'], 'gone.mov'),
    /nothing that '-' names is in the project \(line 1: 'gone/,
  );
});

t.test('a dry run says what would be made, how much that is, and why not the rest', async (t) => {
  const clip = { profile: 'edit', masterSize: 1e9, reason: null, seconds: null, measured: false };
  const preview: Result<'prewarm.preview'> = {
    clips: [
      { ...clip, path: 'a.mov', outcome: 'make', bytes: 1e8 },
      { ...clip, path: 'b\n.mov', outcome: 'waiting', bytes: 2e8 },
      { ...clip, path: 'c.mov', outcome: 'ready', bytes: 5e7, measured: true },
      { ...clip, path: 'd.png', outcome: 'ineligible', bytes: null, reason: 'it is a still' },
    ],
    ...{ bytes: 3e8, seconds: null, measured: false, encoders: 2, poolFree: 2e8, poolQuota: null },
  };
  let answer = preview;
  const daemon = await startFakeDaemon({ 'prewarm.preview': async () => answer });
  t.teardown(() => daemon.close());
  const run = (...argv: string[]) =>
    runInPlace(['prewarm', '.', '--dry-run', ...argv], { cwd: daemon.record.source, env: daemon.env });
  const { stdout } = await run();
  t.match(stdout, /^4 clips: 1 to make, 1 in the queue, 1 ready, 1 stay master\n/);
  t.match(
    stdout,
    /\nNeeds about 300\.0 MB \(by what the codec usually needs\), the time is not known .*; 200\.0 MB free in the pool: that is not enough\n/,
  );
  t.match(stdout, /\n {2}a\.mov +would be made +1\.0 GB -> ~100\.0 MB\n {2}b\\n\.mov +waits in the queue /);
  t.match(stdout, /\n {2}d\.png +stays master +it is a still\nNothing was queued/);
  answer = { ...preview, seconds: 90, measured: true, poolFree: 1e12 };
  t.match((await run()).stdout, /by what was made here\), about 1:30 with 2 encoders; 1\.0 TB free in the pool\n/);
  t.same(JSON.parse((await run('--json')).stdout), answer);
  answer = { ...answer, poolQuota: 2.5e8 };
  t.match((await run()).stdout, /; the quota of the pool is 250\.0 MB: that is not enough\n/);
  t.same(new Set(daemon.calls.map(({ method }) => method)), new Set(['prewarm.preview']), 'nothing else is asked');
});
