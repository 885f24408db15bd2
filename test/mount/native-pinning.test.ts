import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, open, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import t, { type Test } from 'tap';
import { toRealPath } from '../../src/base/paths.js';
import type { MountOptions, SwapChange } from '../../src/mount/driver.js';
import { createNativeDriver } from '../../src/mount/native-driver.js';

const READER = join(process.cwd(), 'test', 'fixtures', 'bin', 'pinning-reader.py');
const FLIPS = 1_000;
const skip =
  process.platform !== 'linux' || !existsSync('/dev/fuse') || process.geteuid?.() !== 0
    ? 'needs root and /dev/fuse'
    : false;

/** Position-dependent, so that bytes from a wrong offset show as well. */
function content(tag: string, words: number): Buffer {
  return Buffer.from(
    Array.from({ length: words }, (_, index) => `${tag}${index.toString().padStart(7, '0')}`).join(''),
  );
}

function startReader(path: string, master: string, proxy: string): ChildProcess {
  return spawn('python3', [READER, path, master, proxy], { stdio: ['pipe', 'pipe', 'inherit'] });
}

async function stopReader(reader: ChildProcess): Promise<number[]> {
  let output = '';
  reader.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  reader.stdin?.end();
  await once(reader, 'close');
  if (reader.exitCode !== 0) throw new Error(`the reader failed with ${reader.exitCode}`);
  return output.trim().split(' ').map(Number);
}

async function flipUnderReaders(t: Test, disable: MountOptions['disable']): Promise<void> {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-pinning-')));
  t.teardown(() => rm(root, { recursive: true, force: true }));
  const [source, mountPoint, proxy] = [join(root, 'source'), join(root, 'mount'), join(root, 'proxy.mov')];
  const master = join(source, 'a.mov');
  await mkdir(source);
  await mkdir(mountPoint);
  await writeFile(master, content('M', 250_000));
  await writeFile(proxy, content('P', 60_000));
  const volume = await createNativeDriver().mount({
    source: toRealPath(source),
    mountPoint: toRealPath(mountPoint),
    fsName: 'proxyfs-pinning',
    hiddenRootNames: [],
    writes: 'deny',
    allowOther: false,
    disable,
    cacheSeconds: 600,
  });
  t.teardown(() => volume.unmount({ force: true }));

  const { dev, ino, size, mtimeNs } = await stat(master, { bigint: true });
  const change = (kind: 'master' | 'replace'): SwapChange => ({
    asset: { dev, ino },
    swap:
      kind === 'master'
        ? { kind }
        : { kind, replacement: toRealPath(proxy), mtimeNs: mtimeNs + 1n, guard: { size, mtimeNs } },
    reason: kind,
    profile: '',
  });
  const path = join(mountPoint, 'a.mov');
  const readers = [startReader(path, master, proxy), startReader(path, master, proxy)];
  t.teardown(() => {
    for (const reader of readers) reader.kill();
  });
  await Promise.all(readers.map((reader) => once(reader.stdout as NodeJS.ReadableStream, 'data')));

  let stale = 0;
  const head = Buffer.alloc(1);
  for (let flip = 1; flip <= FLIPS; flip += 1) {
    const kind = flip % 2 === 1 ? 'replace' : 'master';
    const { changed } = await volume.commit([change(kind)]);
    if (changed !== 1) t.fail(`flip ${flip} changed ${changed} assets`);
    const file = await open(path);
    await file.read(head, 0, 1, 0);
    await file.close();
    if (head.toString() !== (kind === 'replace' ? 'P' : 'M')) stale += 1;
  }
  t.equal(stale, 0, 'no open after a flip saw the old variant');
  for (const reader of readers) {
    const seen = await stopReader(reader);
    t.comment(`a reader checked ${seen.join(' and ')} handles of the two variants`);
    t.ok(
      seen.every((count) => count > 0),
      'a reader held handles of both variants, each whole for its whole life',
    );
  }
  if (volume.info.passthrough) t.equal(volume.counters().reads, 0);
  else t.ok(volume.counters().reads > 0);
  t.ok((await readFile(path)).equals(await readFile(master)));
}

t.test('1,000 flips under readers with descriptors and mmaps, by passthrough', { skip }, (t) =>
  flipUnderReaders(t, {}),
);
t.test('1,000 flips under readers with descriptors and mmaps, read by native threads', { skip }, (t) =>
  flipUnderReaders(t, { passthrough: true, incEpoch: true }),
);
