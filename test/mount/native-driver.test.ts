import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { ProxyfsError } from '../../src/base/error.js';
import { toRealPath } from '../../src/base/paths.js';
import type { MountedVolume, MountOptions, SwapChange, VolumeEvent } from '../../src/mount/driver.js';
import { createNativeDriver } from '../../src/mount/native-driver.js';
import { detachStale, isStaleMount } from '../../src/mount/stale-mount.js';

const MASTER = Buffer.alloc(3_000_000, 'master ');
const PROXY = Buffer.alloc(200_000, 'proxy ');
const FIXTURE = join(dirname(fileURLToPath(import.meta.url)), '..', 'fixtures', 'native-mount.js');

/** Why the mounted tests cannot run on this machine, or false. */
const skip = unmountableReason();

function unmountableReason(): string | false {
  if (process.platform !== 'linux') return 'not Linux';
  if (!existsSync('/dev/fuse')) return 'no /dev/fuse';
  return process.geteuid?.() === 0 ? false : 'needs root';
}

interface Folders {
  readonly source: string;
  readonly mountPoint: string;
  readonly replacement: string;
}

async function makeFolders(t: Test): Promise<Folders> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-native-')));
  const folders = {
    source: join(root, 'source'),
    mountPoint: join(root, 'mount'),
    replacement: join(root, 'proxy.mov'),
  };
  await mkdir(join(folders.source, 'day1'), { recursive: true });
  await mkdir(folders.mountPoint);
  await writeFile(join(folders.source, 'day1', 'a.mov'), MASTER);
  await writeFile(join(folders.source, 'notes.txt'), 'notes\n');
  await writeFile(folders.replacement, PROXY);
  t.teardown(async () => {
    await detachStale(folders.mountPoint);
    await rm(root, { recursive: true, force: true });
  });
  return folders;
}

async function mount(t: Test, folders: Folders, options: Partial<MountOptions> = {}): Promise<MountedVolume> {
  const volume = await createNativeDriver().mount({
    source: toRealPath(folders.source),
    mountPoint: toRealPath(folders.mountPoint),
    fsName: 'proxyfs-test',
    hiddenRootNames: [],
    writes: 'deny',
    allowOther: false,
    disable: {},
    ...options,
  });
  t.teardown(() => volume.unmount({ force: true }));
  return volume;
}

async function swapTo(folders: Folders, kind: 'replace' | 'master'): Promise<SwapChange> {
  const { dev, ino, size, mtimeNs } = await stat(join(folders.source, 'day1', 'a.mov'), { bigint: true });
  const swap =
    kind === 'master'
      ? ({ kind } as const)
      : ({
          kind,
          replacement: toRealPath(folders.replacement),
          mtimeNs: mtimeNs + 1n,
          guard: { size, mtimeNs },
        } as const);
  return { asset: { dev, ino }, swap, reason: `told to serve the ${kind}`, profile: 'test_profile' };
}

async function isMounted(mountPoint: string): Promise<boolean> {
  return (await readFile('/proc/self/mounts', 'utf8')).includes(` ${mountPoint} `);
}

/** A volume does not keep the event loop alive; here nothing else may be left that does. */
async function untilClosed(volume: MountedVolume): Promise<void> {
  const awake = setInterval(() => {}, 1_000);
  await volume.closed;
  clearInterval(awake);
}

async function startFixture(
  folders: Folders,
  then: string,
  stderr: 'ignore' | 'inherit' = 'inherit',
): Promise<ChildProcess> {
  const child = spawn(process.execPath, [FIXTURE, folders.source, folders.mountPoint, then], {
    stdio: ['ignore', 'pipe', stderr],
  });
  await once(child.stdout as NodeJS.ReadableStream, 'data');
  return child;
}

t.test('a mount shows the source byte for byte and a commit flips a path', { skip }, async (t) => {
  const folders = await makeFolders(t);
  const volume = await mount(t, folders);
  const path = join(folders.mountPoint, 'day1', 'a.mov');
  const events: VolumeEvent[] = [];
  volume.onEvent((event) => events.push(event));

  t.match(volume.info, { protocol: /^7\.\d+$/, via: 'mount(2)' });
  t.ok(MASTER.equals(await readFile(path)), 'the master is served');

  const held = await open(path);
  t.teardown(() => held.close());
  const before = await stat(path, { bigint: true });
  const result = await volume.commit([await swapTo(folders, 'replace')]);
  t.match(result, { changed: 1, busy: [], known: ['day1/a.mov'] });
  t.ok(result.epoch > 0);
  t.ok(PROXY.equals(await readFile(path)), 'a new open sees the replacement');
  const after = await stat(path, { bigint: true });
  t.equal(after.size, BigInt(PROXY.length));
  t.equal(after.ino, before.ino, 'the inode number names the asset');

  const old = Buffer.alloc(MASTER.length);
  await held.read(old, 0, old.length, 0);
  t.ok(MASTER.equals(old), 'a handle from before keeps the master');
  t.equal((await held.stat()).size, MASTER.length);
  t.match(volume.handles(), [
    {
      path: 'day1/a.mov',
      variant: 'master',
      outdated: true,
      writable: false,
      pid: process.pid,
      process: String,
      asset: { ino: before.ino },
    },
  ]);
  t.not(volume.handles()[0]?.process, 'exited');

  t.match(await volume.commit([await swapTo(folders, 'master')]), { epoch: result.epoch + 1, changed: 1 });
  t.ok(MASTER.equals(await readFile(path)), 'and back');
  t.match(await volume.commit([await swapTo(folders, 'master')]), { changed: 0 }, 'the same again changes nothing');

  if (volume.info.passthrough) t.equal(volume.counters().reads, 0, 'no READ reached the daemon');
  await sleep(50);
  t.match(events[0], { kind: 'opened', path: 'day1/a.mov' });
  t.ok(
    events.every((event) => event.kind !== 'lost'),
    'nothing was lost',
  );
});

t.test('without passthrough the native threads answer, with the same bytes', { skip }, async (t) => {
  const folders = await makeFolders(t);
  const volume = await mount(t, folders, { disable: { passthrough: true, incEpoch: true } });
  const path = join(folders.mountPoint, 'day1', 'a.mov');
  t.match(volume.info, { passthrough: false, incEpoch: false });
  t.equal(volume.info.limits.length, 2, 'each missing capability is explained');
  t.ok(MASTER.equals(await readFile(path)));
  const held = await open(path);
  t.teardown(() => held.close());
  await volume.commit([await swapTo(folders, 'replace')]);
  t.ok(PROXY.equals(await readFile(path)));
  const old = Buffer.alloc(MASTER.length);
  await held.read(old, 0, old.length, 0);
  t.ok(MASTER.equals(old));
  t.ok(volume.counters().reads > 0, 'READs were counted');
});

t.test('without notifications the old variant stays: they are what makes a flip visible', { skip }, async (t) => {
  const folders = await makeFolders(t);
  const volume = await mount(t, folders, { disable: { coherence: true }, cacheSeconds: 600 });
  const path = join(folders.mountPoint, 'day1', 'a.mov');
  await readFile(path);
  await volume.commit([await swapTo(folders, 'replace')]);
  t.ok(MASTER.equals(await readFile(path)), 'the kernel was not told and serves what it knows');
});

t.test('fusermount3 mounts too, and both ways of unmounting end the volume', { skip }, async (t) => {
  const folders = await makeFolders(t);
  const volume = await mount(t, folders, { disable: { directMount: true }, fsName: 'with,comma' });
  t.equal(volume.info.via, 'fusermount3');
  t.equal(await readFile(join(folders.mountPoint, 'notes.txt'), 'utf8'), 'notes\n');
  t.match(await readFile('/proc/self/mounts', 'utf8'), `with,comma ${folders.mountPoint} fuse.proxyfs`);
  await volume.unmount({ force: false });
  await untilClosed(volume);
  t.notOk(await isMounted(folders.mountPoint));
  await t.rejects(volume.commit([await swapTo(folders, 'replace')]), { code: 'fuse/unavailable' });
  t.strictSame(volume.handles(), []);
  await volume.unmount({ force: false });
});

t.test('a busy mount is not torn away, unless forced', { skip }, async (t) => {
  const folders = await makeFolders(t);
  const volume = await mount(t, folders);
  const held = await open(join(folders.mountPoint, 'notes.txt'));
  const refusal = await volume.unmount({ force: false }).then(
    () => undefined,
    (error: unknown) => error,
  );
  t.ok(refusal instanceof ProxyfsError);
  t.match(refusal, { code: 'mountpoint/busy', message: new RegExp(`pid ${process.pid}`) });
  t.ok(await isMounted(folders.mountPoint));
  await volume.unmount({ force: true });
  t.notOk(await isMounted(folders.mountPoint), 'gone from the tree');
  t.equal((await held.read(Buffer.alloc(6), 0, 6, 0)).bytesRead, 6, 'the held handle still reads');
  await held.close();
  await untilClosed(volume);
});

t.test('umount(8) from outside ends the volume as well', { skip }, async (t) => {
  const folders = await makeFolders(t);
  const volume = await mount(t, folders);
  const [code] = await once(spawn('umount', [folders.mountPoint]), 'close');
  t.equal(code, 0);
  await untilClosed(volume);
  t.match(volume.counters(), { nodes: 0, openHandles: 0 });
});

t.test('what cannot be mounted is refused with the reason and the way out', { skip }, async (t) => {
  const folders = await makeFolders(t);
  const file = join(folders.source, 'notes.txt');
  const missing = join(folders.source, 'nowhere');
  await t.rejects(mount(t, { ...folders, source: missing }), { code: 'source/missing', message: /nowhere/ });
  await t.rejects(mount(t, { ...folders, source: file }), { code: 'source/not-a-directory' });
  await t.rejects(mount(t, { ...folders, mountPoint: missing }), { code: 'mountpoint/missing', message: /mkdir/ });
  await t.rejects(mount(t, { ...folders, mountPoint: file }), { code: 'mountpoint/missing' });
  await t.rejects(mount(t, { ...folders, mountPoint: missing }, { disable: { directMount: true } }), ProxyfsError);
  t.notOk(await isMounted(folders.mountPoint));
});

t.test('a process that ends by itself leaves no mount behind, however it ends', { skip }, async (t) => {
  const folders = await makeFolders(t);
  const endings = { exit: 0, 'fall-through': 0, throw: 1, 'exit-in-event': 0 };
  for (const [then, status] of Object.entries(endings)) {
    const child = await startFixture(folders, then, then === 'throw' ? 'ignore' : 'inherit');
    // The mount may go away under this very write.
    if (then === 'exit-in-event') await Promise.allSettled([writeFile(join(folders.mountPoint, 'notes.txt'), 'x')]);
    if (child.exitCode === null) await once(child, 'exit');
    t.equal(child.exitCode, status, `${then}: exit status`);
    t.notOk(await isMounted(folders.mountPoint), `${then}: no mount left`);
  }
});

t.test(
  'the kernel is answered while JavaScript is busy, and changes that do not fit are counted',
  { skip },
  async (t) => {
    const folders = await makeFolders(t);
    const volume = await mount(t, folders);
    const events: VolumeEvent[] = [];
    volume.onEvent((event) => events.push(event));
    await volume.commit([await swapTo(folders, 'replace')]);
    const day = join(folders.mountPoint, 'day1');
    const script = [
      `for _ in range(1000): open(${JSON.stringify(join(day, 'a.mov'))}).close()`,
      `for n in range(9000): open(${JSON.stringify(join(day, 'new'))} + str(n), 'x').close()`,
    ].join('\n');
    const done = spawnSync('python3', ['-c', script], { timeout: 60_000, stdio: 'inherit' });
    t.equal(done.status, 0, 'the event loop stood still, the opens went on');
    while (!events.some(({ kind }) => kind === 'lost')) await sleep(10);
    const lost = events.filter((event) => event.kind === 'lost').reduce((sum, { count }) => sum + count, 0);
    t.ok(lost > 0);
    t.equal(volume.counters().eventsLost, lost);
    const opens = events.filter((event) => event.kind === 'opened' && event.path === 'day1/a.mov');
    t.equal(opens.length, 1, 'what was not heard yet is not said twice');
  },
);

t.test('writing, and being refused, is told', { skip }, async (t) => {
  const folders = await makeFolders(t);
  const volume = await mount(t, folders);
  await volume.commit([await swapTo(folders, 'replace')]);
  const events: VolumeEvent[] = [];
  await writeFile(join(folders.mountPoint, 'new.txt'), 'new\n');
  await t.rejects(open(join(folders.mountPoint, 'day1', 'a.mov'), 'r+'), { code: 'EROFS' });
  await sleep(50);
  volume.onEvent((event) => events.push(event));
  while (!events.some(({ kind }) => kind === 'write-refused')) await sleep(10);
  t.ok(
    events.some((event) => event.kind === 'changed' && event.path === 'new.txt'),
    'also what happened before somebody listened',
  );
  t.match(
    events.find(({ kind }) => kind === 'write-refused'),
    { path: 'day1/a.mov', pid: process.pid },
  );
  t.equal(await readFile(join(folders.source, 'new.txt'), 'utf8'), 'new\n');
});

t.test('two volumes in one process know nothing of each other', { skip }, async (t) => {
  const [one, two] = [await makeFolders(t), await makeFolders(t)];
  const [first, second] = [await mount(t, one), await mount(t, two)];
  await first.commit([await swapTo(one, 'replace')]);
  t.ok(PROXY.equals(await readFile(join(one.mountPoint, 'day1', 'a.mov'))));
  t.ok(MASTER.equals(await readFile(join(two.mountPoint, 'day1', 'a.mov'))));
  await first.unmount({ force: false });
  t.ok(MASTER.equals(await readFile(join(two.mountPoint, 'day1', 'a.mov'))));
  t.equal(second.counters().swaps, 0);
});

t.test('a killed process leaves a dead mount that is recognised and removed', { skip }, async (t) => {
  const folders = await makeFolders(t);
  t.notOk(await isStaleMount(folders.mountPoint));
  const child = await startFixture(folders, 'wait');
  t.notOk(await isStaleMount(folders.mountPoint), 'a living mount is not stale');
  await detachStale(folders.mountPoint);
  t.ok(await isMounted(folders.mountPoint), 'and is not touched');
  child.kill('SIGKILL');
  await once(child, 'exit');
  t.ok(await isStaleMount(folders.mountPoint));
  await detachStale(folders.mountPoint);
  t.notOk(await isMounted(folders.mountPoint));
  t.notOk(await isStaleMount(folders.mountPoint));
  const volume = await mount(t, folders);
  await volume.unmount({ force: false });
});

t.test('a commit of 100,000 changes is packed and applied in one call', { skip }, async (t) => {
  const folders = await makeFolders(t);
  const volume = await mount(t, folders);
  const changes = Array.from(
    { length: 100_000 },
    (_, index): SwapChange => ({
      asset: { dev: 1n, ino: BigInt(index + 1_000) },
      swap: {
        kind: 'replace',
        replacement: toRealPath(`/pool/${index.toString(16).padStart(64, '0')}/proxy-${index}.mov`),
        mtimeNs: 1_700_000_000_000_000_000n + BigInt(index),
        guard: { size: 10_000_000_000n, mtimeNs: 1_700_000_000_000_000_000n },
      },
      reason: 'proxy mode, validated',
      profile: 'proxy_prores_proxy',
    }),
  );
  const begun = performance.now();
  await volume.commit(changes);
  const took = performance.now() - begun;
  t.comment(`100,000 changes in ${took.toFixed(0)} ms`);
  t.equal(volume.counters().swaps, 100_000);
  t.ok(took < 1_000, 'far from what a person would wait for, even on a loaded machine');
});
