import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { GUARDIAN } from '../../src/control/guardian.js';
import { detachStale } from '../../src/mount/stale-mount.js';
import { whyNoMount } from '../mount/hosted-volume.js';

const DAEMON = fileURLToPath(new URL('../fixtures/guarded-daemon.js', import.meta.url));

t.test(
  'a guardian leaves no dead mount point, even one that the kernel still answers for from its cache',
  {
    skip: await whyNoMount(),
  },
  async (t) => {
    const dir = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-guardian-')));
    const [source, mountPoint] = [join(dir, 'source'), join(dir, 'mount')];
    t.teardown(async () => {
      await detachStale(mountPoint);
      await rm(dir, { recursive: true, force: true });
    });
    for (const folder of [source, mountPoint]) await mkdir(folder);
    const command = ['-c', GUARDIAN, 'guardian', mountPoint, process.execPath, DAEMON, source, mountPoint];
    const guardian = spawn('/bin/sh', command, { cwd: '/', stdio: ['ignore', 'pipe', 'ignore'] });
    const ended = once(guardian, 'exit');
    const [line] = (await once(guardian.stdout, 'data')) as [Buffer];
    const mounted = await stat(mountPoint);
    process.kill(Number(line.toString()), 'SIGKILL');
    t.same(await ended, [1, null], 'the next daemon gave up, and so did the guardian');
    t.notMatch(await readFile('/proc/self/mounts', 'utf8'), mountPoint);
    t.not((await stat(mountPoint)).dev, mounted.dev, 'it is the folder below again');
  },
);
