/**
 * A source that hangs, as a network disk does whose server is gone: nobody may be trapped, and the mount can be
 * commanded and taken away. The source is a mount whose daemon is stopped.
 */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { toRealPath } from '../../src/base/paths.js';
import { type HostedVolume, hostVolume, mountOptions, whyNoMount } from './hosted-volume.js';

const run = promisify(execFile);
const skip = await whyNoMount();
const FILES = 12;
/** More callers than a volume has threads at first. */
const CALLERS = 12;

t.test(
  'a source that hangs traps nobody: callers can be killed, commands are answered, the mount can go',
  {
    skip,
    timeout: 60_000,
  },
  async (t) => {
    const { disk, volume } = await mountOnDisk(t);
    t.equal(await readFile(volume.path('clip-0'), 'utf8'), 'bytes');

    await disk.stop();
    const callers = await startCallers(volume);
    await sleep(1_000);
    t.ok(callers.every(isRunning), 'they wait');
    t.ok((await volume.counters()).lookups > 0, 'the volume is answered for');
    t.equal((await volume.commit()).changed, 0, 'and takes commands');

    await killAll(t, callers);
    const others = await startCallers(volume);
    await sleep(500);
    const began = Date.now();
    await volume.unmount(true);
    t.notOk(await volume.isMounted());
    await volume.exit();
    await Promise.all(others.map(ended));
    t.ok(Date.now() - began < 10_000, 'the daemon ends, and whoever still waited is let go with it');
    t.notMatch(volume.stderr, /proxyfs/);
    disk.resume();
  },
);

t.test('what waited for a source is answered rightly when it comes back', { skip, timeout: 60_000 }, async (t) => {
  const { disk, volume } = await mountOnDisk(t);
  await disk.stop();
  const killed = await startCallers(volume);
  const patient = await startCallers(volume);
  await sleep(300);
  // A signal that a program handles is no reason to fail its call.
  for (const caller of patient) caller.kill('SIGUSR1');
  await sleep(300);
  await killAll(t, killed);
  disk.resume();
  t.same(await Promise.all(patient.map(ended)), Array(CALLERS).fill(0), 'each gets its bytes');
  t.equal((await volume.counters()).openHandles, 0, 'and what was done for the dead is undone');
  await volume.unmount(false);
});

t.test(
  'a volume for which the system has no more threads lives on, and adds them later',
  { skip, timeout: 60_000 },
  async (t) => {
    const { disk, volume } = await mountOnDisk(t);
    const size = async () =>
      Number(/^VmSize:\s+(\d+)/m.exec(await readFile(`/proc/${volume.pid}/status`, 'utf8'))?.[1]);
    const threads = async () => (await readdir(`/proc/${volume.pid}/task`)).length;
    await disk.stop();
    // No room for another stack.
    await run('prlimit', [`--as=${((await size()) + 4096) * 1024}:unlimited`, `--pid=${volume.pid}`]);
    const callers = await startCallers(volume);
    await sleep(1_000);
    const before = await threads();
    await run('prlimit', ['--as=unlimited', `--pid=${volume.pid}`]);
    for (let left = 100; left > 0 && (await threads()) === before; left -= 1) await sleep(50);
    t.ok((await threads()) > before, 'as soon as there are threads again, they help');
    disk.resume();
    t.same(await Promise.all(callers.map(ended)), Array(CALLERS).fill(0), 'each gets its bytes');
    t.match(volume.stderr, /^proxyfs: no reader can be added: .*\n$/, 'it is said once');
    await volume.unmount(false);
  },
);

async function mountOnDisk(t: Test): Promise<{ disk: HostedVolume; volume: HostedVolume }> {
  const disk = await hostVolume(t);
  const volume = await hostVolume(t);
  // Runs first of all that is torn down: folders of a disk that hangs cannot be removed.
  t.teardown(() => disk.resume());
  for (let number = 0; number < FILES; number += 1) await writeFile(join(disk.source, `clip-${number}`), 'bytes');
  await disk.mount('native', mountOptions(disk, { disable: { passthrough: true }, cacheSeconds: 0 }));
  await volume.mount('native', { ...mountOptions(volume), source: toRealPath(disk.mountPoint), cacheSeconds: 0 });
  return { disk, volume };
}

/** Each opens and reads a file of its own that nobody has looked up yet, whatever SIGUSR1 says. */
async function startCallers(volume: HostedVolume): Promise<ChildProcess[]> {
  const program = `
import signal, sys
signal.signal(signal.SIGUSR1, lambda *_: None)
print('here', flush=True)
sys.exit(0 if open(sys.argv[1]).read() == 'bytes' else 1)`;
  const callers = Array.from({ length: CALLERS }, (_, index) =>
    spawn('python3', ['-c', program, volume.path(`clip-${index % FILES}`)], { stdio: ['ignore', 'pipe', 'ignore'] }),
  );
  await Promise.all(callers.map(({ stdout }) => once(stdout, 'data')));
  return callers;
}

function isRunning(caller: ChildProcess): boolean {
  return caller.exitCode === null && caller.signalCode === null;
}

async function ended(caller: ChildProcess): Promise<number | string | null> {
  if (isRunning(caller)) await once(caller, 'exit');
  return caller.exitCode ?? caller.signalCode;
}

async function killAll(t: Test, callers: readonly ChildProcess[]): Promise<void> {
  const all = Promise.all(callers.map(ended));
  for (const caller of callers) caller.kill('SIGKILL');
  const endings = await Promise.race([all, sleep(5_000, undefined, { ref: false })]);
  t.same(endings, Array(callers.length).fill('SIGKILL'), 'a killed caller ends, though its request does not');
}
