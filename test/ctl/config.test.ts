import { mkdir, realpath, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { startFakeDaemon } from '../fixtures/fake-daemon.js';
import { runInPlace } from '../fixtures/run-proxyfs.js';

t.test('a running daemon says what it runs with, and where each value comes from', async (t) => {
  const daemon = await startFakeDaemon();
  t.teardown(() => daemon.close());
  const inside = { cwd: daemon.record.mountPoint, env: daemon.env };
  const all = await runInPlace(['config'], inside);
  t.match(all.stdout, new RegExp(`^${daemon.record.mountPoint} runs with:\n`));
  t.match(all.stdout, /\nworkers +3 +--workers\n/);
  t.match(all.stdout, /\ndisk-reserve +2G +default\n/);
  t.match(all.stdout, /\nhooks +none +default\n/);
  t.equal((await runInPlace(['config', 'workers'], inside)).stdout, 'workers  3  --workers\n');
  const json = JSON.parse((await runInPlace(['config', 'workers', '--json'], inside)).stdout);
  t.same(json, { key: 'workers', value: 3, text: '3', origin: 'flag', where: '--workers' });
  t.match(await runInPlace(['config', 'wrokers'], inside), { exitCode: 1, stderr: /did you mean 'workers'/ });
});

t.test('without a daemon it says what a mount would get, and which file would be refused', async (t) => {
  const root = await realpath(t.testdir({ show: { A001: {} }, config: { proxyfs: {} }, run: {} }));
  await mkdir(join(root, 'show', '.proxyfs'), { mode: 0o755 });
  const file = join(root, 'show', '.proxyfs', 'proxyfs.toml');
  const env = { XDG_RUNTIME_DIR: join(root, 'run'), XDG_CONFIG_HOME: join(root, 'config'), PROXYFS_READY: 'auto' };
  const inside = { cwd: join(root, 'show', 'A001'), env };
  await writeFile(file, 'workers = 7\n');
  const { stdout } = await runInPlace(['config'], inside);
  t.match(stdout, `${join(root, 'show')} is not mounted. A mount would run with:\n`);
  t.match(stdout, new RegExp(`\nworkers +7 +${file}:1\n`));
  t.match(stdout, /\nready +auto +PROXYFS_READY\n/);
  t.match(await runInPlace(['config', '--check', file], inside), { exitCode: 0, stdout: /is in order: 1 setting\n/ });
  await writeFile(file, 'workers = 7\nwrites = "maybe"\n');
  const refusal = new RegExp(`${file}:2: 'writes' cannot be 'maybe': give deny \\| demote`);
  t.match(await runInPlace(['config', '--project', join(root, 'show')], inside), { exitCode: 1, stderr: refusal });
  t.match(await runInPlace(['config', '--check', file], inside), { exitCode: 1, stderr: refusal });
  t.match(await runInPlace(['config', '--project', '/no/such'], inside), { exitCode: 1, stderr: /no such folder/ });
});
