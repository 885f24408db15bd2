/** The unit for systemd, and a daemon that runs as its service. */

import { execFile, spawn } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import { findMount } from '../../src/mount/mount-table.js';
import { mountObstacle } from '../fixtures/mount-obstacle.js';
import { fixtureProgram } from '../fixtures/programs.js';

const run = promisify(execFile);
const root = dirname(dirname(dirname(dirname(fixtureProgram('x')))));
const unit = join(root, 'packaging', 'proxyfs@.service');
const DAEMON = fileURLToPath(new URL('../../mountd/main.js', import.meta.url));
const dir = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-unit-')));
t.teardown(() => rm(dir, { recursive: true, force: true }));

const hasAnalyze = await run('systemd-analyze', ['--version']).then(
  () => true,
  () => false,
);

t.test('systemd finds no fault in the unit', hasAnalyze ? {} : { skip: 'needs systemd-analyze' }, async (t) => {
  const instance = join(dir, 'proxyfs@show.service');
  await copyFile(unit, instance);
  const { stdout, stderr } = await run('systemd-analyze', ['verify', instance]);
  t.equal(`${stdout}${stderr}`, '');
});

t.test('nothing in the unit gives the service a mount namespace of its own', async (t) => {
  const text = await readFile(unit, 'utf8');
  const settings = text.split('\n').filter((line) => /^[A-Z][A-Za-z]+=/.test(line));
  t.notMatch(
    settings.join('\n'),
    /^(Private(Tmp|Devices|Mounts)|Protect[A-Z]\w+|\w+Paths|TemporaryFileSystem|Root\w+)=/m,
  );
  t.notMatch(settings.join('\n'), /^(RestrictSUIDSGID|MemoryDenyWriteExecute)=yes/m, 'setgid folders and a JIT work');
});

t.test('the service is ready when its mount point answers, and ends by SIGTERM', await mountObstacle(), async (t) => {
  const [source, mountPoint, told] = [join(dir, 'source'), join(dir, 'mnt'), join(dir, 'told')];
  await Promise.all([source, mountPoint, join(dir, 'bin')].map((each) => mkdir(each)));
  await writeFile(join(source, 'notes.txt'), 'notes');
  const fake = join(dir, 'bin', 'systemd-notify');
  await writeFile(fake, `#!/bin/sh\necho "$@" "$NOTIFY_SOCKET" "$(cat '${mountPoint}/notes.txt')" >'${told}'\n`);
  await chmod(fake, 0o755);
  const args = ['--foreground', '--source', source, '--mount-point', mountPoint, '--state', join(dir, 'state')];
  const daemon = spawn(process.execPath, [DAEMON, ...args, '--workers', '0'], {
    env: {
      ...process.env,
      PATH: `${join(dir, 'bin')}:${process.env['PATH']}`,
      NOTIFY_SOCKET: '/run/notify',
      XDG_RUNTIME_DIR: join(dir, 'run'),
    },
    stdio: 'ignore',
  });
  const ended = new Promise((resolve) => daemon.once('exit', resolve));
  t.teardown(async () => {
    daemon.kill('SIGKILL');
    await ended;
    await run('umount', ['-l', mountPoint]).catch(() => undefined);
  });
  let text = '';
  for (let left = 400; left > 0 && !text.endsWith('\n'); left -= 1) {
    await sleep(50);
    text = await readFile(told, 'utf8').catch(() => '');
  }
  t.equal(text, `--ready --pid=${daemon.pid} /run/notify notes\n`);
  daemon.kill('SIGTERM');
  t.equal(await ended, 0);
  t.equal(await findMount(mountPoint), undefined);
});

t.test('a service that is told to end while it starts leaves no dead mount point', await mountObstacle(), async (t) => {
  const [source, mountPoint] = [join(dir, 'early'), join(dir, 'early-mnt')];
  await Promise.all([source, mountPoint].map((each) => mkdir(each)));
  const args = ['--foreground', '--source', source, '--mount-point', mountPoint, '--state', join(dir, 'early-state')];
  for (const [signal, status] of [
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const) {
    const env = { ...process.env, XDG_RUNTIME_DIR: join(dir, 'run') };
    const daemon = spawn(process.execPath, [DAEMON, ...args, '--workers', '0'], { env, stdio: 'ignore' });
    const ended = new Promise((resolve) => daemon.once('exit', resolve));
    t.teardown(async () => {
      daemon.kill('SIGKILL');
      await ended;
      await run('umount', ['-l', mountPoint]).catch(() => undefined);
    });
    for (let left = 10_000; left > 0 && (await findMount(mountPoint)) === undefined; left -= 1) await sleep(1);
    daemon.kill(signal);
    const end = await ended;
    // Ready already, on a machine that was busy with something else: then it has ended in good order.
    t.ok(end === status || end === 0, `${signal}: ${String(end)}`);
    t.equal(await findMount(mountPoint), undefined, signal);
  }
});
