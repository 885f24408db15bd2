/**
 * What every driver must do, run on real mounts: the same reads, flips and pins for both.
 * The daemon is a process of its own and so are the readers; this process only asks and compares.
 */

import { execFile } from 'node:child_process';
import { appendFile, type FileHandle, open, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Test } from 'tap';
import type { DriverKind, MountInfo, MountOptions } from '../../src/mount/driver.js';
import { type HostedVolume, hostVolume, mountOptions } from './hosted-volume.js';
import { buildReader, type Clip, makeClip, swapTo, type Variant, VariantReader } from './variant-files.js';

const XATTR_SCRIPT = `
import json, os, sys
def read(name):
    try:
        return os.getxattr(sys.argv[1], 'user.proxyfs.' + name).decode()
    except OSError as error:
        if error.errno != 61: raise
        return ''
assert not [name for name in os.listxattr(sys.argv[1]) if name.startswith('user.proxyfs')]
print(json.dumps({name: read(name) for name in ('variant', 'reason', 'master', 'profile')}))
`;

export interface Conformance {
  readonly driver: DriverKind;
  readonly options?: Partial<MountOptions>;
  /** The kernel reads the backing file itself. */
  readonly passthrough: boolean;
  readonly maps: 'shared' | 'private';
  readonly flips: number;
  readonly checkInfo?: (t: Test, info: MountInfo) => void;
}

export async function testDriver(t: Test, conformance: Conformance): Promise<void> {
  const volume = await hostVolume(t);
  const clip = await makeClip(volume, 'day 1/clip.mov', 800_000, 96_000);
  await writeFile(join(volume.source, 'notes.txt'), 'notes\n');
  await writeFile(join(volume.source, '.proxyfs'), 'hidden\n');
  const mounted = await volume.mount(conformance.driver, mountOptions(volume, conformance.options));
  t.equal(mounted.driver, conformance.driver);
  t.equal(mounted.info.passthrough, conformance.passthrough);
  conformance.checkInfo?.(t, mounted.info);

  await t.test('a file without a swap is its master, byte for byte', (t) => masterTest(t, volume, clip));
  await t.test('a flip serves the replacement to new opens and leaves old ones alone', (t) =>
    flipTest(t, volume, clip, conformance),
  );
  await t.test('handles are listed with their process and variant', (t) => handlesTest(t, volume, clip));
  await t.test('an only-if-idle change waits for the last close', (t) => idleTest(t, volume, clip));
  await t.test('a denied file cannot be read, and can again after', (t) => denyTest(t, volume, clip));
  await t.test('a write to a replaced file is refused and reported; all else is writable', (t) =>
    writeTest(t, volume, clip),
  );
  await t.test('virtual attributes say what a path is served from, and why', (t) => xattrTest(t, volume, clip));
  await t.test('a master that changed behind the mount is served at once', (t) => guardTest(t, volume));
  await t.test('readers never see a byte of another variant while the table flips', (t) =>
    flipStorm(t, volume, conformance),
  );
  await t.test('unmounting waits for nobody and leaves nothing', (t) => unmountTest(t, volume, clip));
}

async function masterTest(t: Test, volume: HostedVolume, clip: Clip): Promise<void> {
  t.ok((await readFile(volume.path(clip.name))).equals(clip.master));
  const [shown, master] = [await stat(volume.path(clip.name)), await stat(join(volume.source, clip.name))];
  t.same([shown.ino, shown.size, shown.blocks, shown.mode], [master.ino, master.size, master.blocks, master.mode]);
  await t.rejects(stat(volume.path('.proxyfs')), { code: 'ENOENT' }, 'a hidden name does not exist');
  await t.rejects(writeFile(volume.path('.proxyfs'), ''), { code: 'EPERM' }, 'nor can it be made');
  t.same((await readdir(volume.mountPoint)).sort(), ['day 1', 'notes.txt']);
}

async function flipTest(t: Test, volume: HostedVolume, clip: Clip, { passthrough }: Conformance): Promise<void> {
  const old = await open(volume.path(clip.name));
  const before = await stat(volume.path(clip.name));
  const flipped = await volume.commit(await swapTo(volume, clip, 'replace'));
  t.match(flipped, { changed: 1, busy: [], known: [clip.name] });
  await expectVariant(t, volume, clip, 'replacement');
  await expectPinned(t, old, clip.master, 'the handle from before the flip');

  const shown = await stat(volume.path(clip.name));
  t.equal(shown.ino, before.ino, 'the inode number is the asset');
  t.equal(shown.blocks, (await stat(clip.replacementPath)).blocks);
  t.equal(Math.round(shown.mtimeMs - before.mtimeMs), 2000, 'the time is the one given with the swap');
  t.ok(shown.ctimeMs > before.ctimeMs, 'ctime moves on');

  const proxy = await open(volume.path(clip.name));
  const back = await volume.commit(await swapTo(volume, clip, 'master'));
  t.equal(back.epoch, flipped.epoch + 1);
  await expectVariant(t, volume, clip, 'master');
  await expectPinned(t, proxy, clip.replacement, 'the handle on the replacement');
  await expectPinned(t, old, clip.master, 'the oldest handle');
  const reads = (await volume.counters()).reads;
  if (passthrough) t.equal(reads, 0, 'the daemon saw no read');
  else t.ok(reads > 0, 'the daemon answered the reads');
  await old.close();
  await proxy.close();
  t.equal((await volume.commit(await swapTo(volume, clip, 'master'))).changed, 0, 'the same again changes nothing');
}

async function handlesTest(t: Test, volume: HostedVolume, clip: Clip): Promise<void> {
  const master = await open(volume.path(clip.name));
  await volume.commit(await swapTo(volume, clip, 'replace'));
  const proxy = await open(volume.path(clip.name));
  const notes = await open(volume.path('notes.txt'), 'r+');
  const handles = [...(await volume.handles())].sort((a, b) => a.since - b.since || a.variant.localeCompare(b.variant));
  const mine = {
    pid: process.pid,
    uid: process.getuid?.(),
    process: (await readFile('/proc/self/comm', 'utf8')).trim(),
  };
  t.match(
    handles.filter((handle) => handle.path === clip.name),
    [
      { ...mine, variant: 'master', outdated: true, writable: false },
      { ...mine, variant: 'replacement', outdated: false, writable: false },
    ],
  );
  t.match(
    handles.find((handle) => handle.path === 'notes.txt'),
    { ...mine, writable: true, outdated: false },
  );
  t.equal((await volume.handles(true)).length, 2, 'files without an entry can be left out');
  for (const handle of [master, proxy, notes]) await handle.close();
}

async function idleTest(t: Test, volume: HostedVolume, clip: Clip): Promise<void> {
  volume.events.length = 0;
  const reader = await open(volume.path(clip.name));
  const change = { ...(await swapTo(volume, clip, 'master')), onlyIfIdle: true };
  const refused = await volume.commit(change);
  t.match(refused, { changed: 0, busy: [change.asset] });
  await expectVariant(t, volume, clip, 'replacement');
  t.match(await volume.event('opened', clip.name), { variant: 'replacement', asset: change.asset });
  volume.events.length = 0;
  await reader.close();
  t.ok(await volume.event('idle', clip.name), 'the last close is reported');
  t.match(await volume.commit(change), { changed: 1, busy: [] });
  await expectVariant(t, volume, clip, 'master');
}

async function denyTest(t: Test, volume: HostedVolume, clip: Clip): Promise<void> {
  await volume.commit(await swapTo(volume, clip, 'deny'));
  await t.rejects(open(volume.path(clip.name)), { code: 'EIO' });
  await volume.commit({ ...(await swapTo(volume, clip, 'master')), swap: undefined });
  await expectVariant(t, volume, clip, 'master');
  t.equal((await volume.counters()).swaps, 0, 'an entry can be taken out again');
}

async function writeTest(t: Test, volume: HostedVolume, clip: Clip): Promise<void> {
  await volume.commit(await swapTo(volume, clip, 'replace'));
  volume.events.length = 0;
  await t.rejects(open(volume.path(clip.name), 'r+'), { code: 'EROFS' });
  t.ok(await volume.event('write-refused', clip.name));
  t.ok((await readFile(join(volume.source, clip.name))).equals(clip.master), 'the master is untouched');
  await appendFile(volume.path('notes.txt'), 'more\n');
  t.equal(await readFile(join(volume.source, 'notes.txt'), 'utf8'), 'notes\nmore\n');
  t.ok(await volume.event('changed', 'notes.txt'));
  await volume.commit(await swapTo(volume, clip, 'master'));
}

async function xattrTest(t: Test, volume: HostedVolume, clip: Clip): Promise<void> {
  const expected = { variant: 'master', reason: 'serves master', master: clip.name, profile: '' };
  t.same(await readXattrs(volume.path(clip.name)), expected);
  await volume.commit(await swapTo(volume, clip, 'replace'));
  const flipped = { ...expected, variant: 'proxy', reason: 'serves replace', profile: 'light' };
  t.same(await readXattrs(volume.path(clip.name)), flipped);
  t.match(await readXattrs(volume.path('notes.txt')), { variant: 'master', reason: /ordinary file/ });
  await volume.commit(await swapTo(volume, clip, 'master'));
}

async function guardTest(t: Test, volume: HostedVolume): Promise<void> {
  const clip = await makeClip(volume, 'guarded.mov', 80_000, 16_000);
  await volume.commit(await swapTo(volume, clip, 'replace'));
  await expectVariant(t, volume, clip, 'replacement');
  const pinned = await open(volume.path(clip.name));
  await writeFile(join(volume.source, clip.name), 'another take');
  t.equal(await readWhole(volume.path(clip.name)), 'another take');
  t.ok(await volume.event('stale', clip.name));
  t.ok((await readAll(pinned, clip.replacement.length)).equals(clip.replacement), 'the old handle keeps its bytes');
  await pinned.close();
}

async function flipStorm(t: Test, volume: HostedVolume, { maps, flips }: Conformance): Promise<void> {
  const sizes = [
    [262_144, 8_192],
    [131_072, 300_000],
    [500_008, 100_000],
    [65_536, 65_544],
  ] as const;
  const clips: Clip[] = [];
  for (const [i, [master, replacement]] of sizes.entries()) {
    clips.push(await makeClip(volume, `storm/${i}.mov`, master, replacement));
  }
  const program = await buildReader(volume.pool);
  const readers = [1, 2].map(() => new VariantReader(program, volume, clips, maps, 8));
  await Promise.all(readers.map((reader) => reader.reading()));
  const changes = {
    replace: await Promise.all(clips.map((clip) => swapTo(volume, clip, 'replace'))),
    master: await Promise.all(clips.map((clip) => swapTo(volume, clip, 'master'))),
  };
  let outdated = 0;
  for (let flip = 0; flip < flips; flip += 1) {
    const kind = flip % 2 === 0 ? 'replace' : 'master';
    await volume.commit(...changes[kind]);
    const clip = clips[flip % clips.length] as Clip;
    if (!(await isServed(volume, clip, kind === 'replace' ? 'replacement' : 'master'))) outdated += 1;
  }
  t.equal(outdated, 0, `of ${flips} opens right after a commit, none saw the old variant`);
  for (const reader of readers) {
    const { fault, counts } = await reader.stop();
    t.equal(fault, '');
    t.ok(counts !== undefined && counts.masters > 10 && counts.replacements > 10, JSON.stringify(counts));
    t.ok(
      counts !== undefined && counts.maps > 0 && counts.stale * 20 < counts.opens,
      'hardly an open was lost to a flip',
    );
  }
}

async function unmountTest(t: Test, volume: HostedVolume, clip: Clip): Promise<void> {
  const reader = await open(volume.path(clip.name));
  await t.rejects(volume.unmount(false), { code: 'mountpoint/busy' });
  t.ok(await volume.isMounted(), 'a refused unmount changes nothing');
  t.ok((await readAll(reader, clip.master.length)).equals(clip.master));
  await volume.unmount(true);
  t.notOk(await volume.isMounted(), 'force takes it away at once');
  await reader.close();
  await volume.closed();
  t.equal(volume.stderr, '', 'the daemon had nothing to complain about');
}

async function expectVariant(t: Test, volume: HostedVolume, clip: Clip, variant: Variant): Promise<void> {
  const expected = clip[variant];
  t.equal((await stat(volume.path(clip.name))).size, expected.length, `stat has the size of the ${variant}`);
  t.ok((await readFile(volume.path(clip.name))).equals(expected), `a new open reads the ${variant}`);
}

async function expectPinned(t: Test, handle: FileHandle, content: Buffer, who: string): Promise<void> {
  t.equal((await handle.stat()).size, content.length, `${who} keeps its size`);
  t.ok((await readAll(handle, content.length)).equals(content), `${who} keeps its bytes`);
}

/** Whether a new open sees exactly this variant: its first word, its size, its end. */
async function isServed(volume: HostedVolume, clip: Clip, variant: Variant): Promise<boolean> {
  const file = await open(volume.path(clip.name));
  try {
    const expected = clip[variant];
    const head = Buffer.alloc(8);
    await file.read(head, 0, 8, 0);
    return (await file.stat()).size === expected.length && head.equals(expected.subarray(0, 8));
  } finally {
    await file.close();
  }
}

/** Node has no call for extended attributes. An attribute that is not there reads as an empty string. */
async function readXattrs(path: string): Promise<Record<string, string>> {
  const { stdout } = await promisify(execFile)('python3', ['-c', XATTR_SCRIPT, path], { cwd: '/' });
  return JSON.parse(stdout) as Record<string, string>;
}

async function readWhole(path: string): Promise<string> {
  return readFile(path, 'utf8');
}

/** From the start, past the end, without asking for the size first. */
async function readAll(handle: FileHandle, expected: number): Promise<Buffer> {
  const buffer = Buffer.alloc(expected + 4096);
  let done = 0;
  for (;;) {
    const { bytesRead } = await handle.read(buffer, done, buffer.length - done, done);
    if (bytesRead === 0) return buffer.subarray(0, done);
    done += bytesRead;
  }
}
