import { execFileSync } from 'node:child_process';
import {
  closeSync,
  linkSync,
  openSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import { blake3 } from '@napi-rs/blake-hash';
import t from 'tap';
import type { RealPath } from '../../src/base/paths.js';
import { blake3OfParts } from '../../src/fingerprint/blake3.js';
import { blake3OfFile, fingerprintFile } from '../../src/fingerprint/fingerprint.js';

const MIB = 1024 * 1024;

function put(directory: string, name: string, content: Uint8Array | string): RealPath {
  const path = join(directory, name) as RealPath;
  writeFileSync(path, content);
  return path;
}

/** Sparse, with one byte changed at each offset. */
function sparse(directory: string, name: string, size: number, ...offsets: number[]): RealPath {
  const path = put(directory, name, '');
  truncateSync(path, size);
  const fd = openSync(path, 'r+');
  for (const offset of offsets) writeSync(fd, 'x', offset);
  closeSync(fd);
  return path;
}

t.test('equal content has an equal fingerprint, whatever its name, time or link', async (t) => {
  const directory = t.testdir();
  const a = put(directory, 'a', 'content');
  const b = put(directory, 'b', 'content');
  utimesSync(b, 1, 1);
  linkSync(a, join(directory, 'c'));
  const prints = await Promise.all([a, b, join(directory, 'c') as RealPath].map(fingerprintFile));
  t.equal(new Set(prints).size, 1);
  t.match(prints[0], /^[0-9a-f]{64}$/);
});

t.test('every byte counts up to 3 MiB; head, middle, tail and size beyond', async (t) => {
  const directory = t.testdir();
  const print = (...args: [number, ...number[]]) => fingerprintFile(sparse(directory, 'f', ...args));
  for (const offset of [0, MIB, 2 * MIB + 5, 3 * MIB - 1]) t.not(await print(3 * MIB, offset), await print(3 * MIB));
  const size = 100 * MIB;
  const plain = await print(size);
  for (const offset of [0, MIB - 1, size / 2, size - MIB, size - 1])
    t.not(await print(size, offset), plain, `${offset}`);
  t.equal(await print(size, 10 * MIB), plain, 'the rest is not read');
  t.not(await print(size + 1), plain);
  t.not(await print(0), await print(1));
});

t.test('neither links nor directories, pipes or missing files are read', async (t) => {
  const directory = t.testdir();
  const file = put(directory, 'file', 'x');
  symlinkSync(file, join(directory, 'link'));
  execFileSync('mkfifo', [join(directory, 'pipe')]);
  for (const read of [fingerprintFile, (path: RealPath) => blake3OfFile(path)]) {
    await t.rejects(read(join(directory, 'link') as RealPath), { message: /symbolic link/ });
    await t.rejects(read(directory as RealPath), { message: /a directory/ });
    await t.rejects(read(join(directory, 'pipe') as RealPath), { message: /pipe/ }, 'and a pipe does not block');
    await t.rejects(read(join(directory, 'none') as RealPath), { code: 'path/missing' });
  }
});

t.test('a file that grows while it is read has no fingerprint', async (t) => {
  const file = sparse(t.testdir(), 'growing', 64 * MIB);
  let size = 64 * MIB;
  const grow = setInterval(() => {
    size += 1;
    truncateSync(file, size);
  }, 0);
  const outcome = async () => {
    for (let round = 0; round < 200; round += 1) await fingerprintFile(file);
  };
  await t.rejects(outcome(), { code: 'system/io', message: /changed while it was read/ });
  clearInterval(grow);
});

t.test('the full hash is that of every byte, in this thread and in another', async (t) => {
  const directory = t.testdir();
  for (const size of [0, 10, 4 * MIB, 4 * MIB + 1, 9 * MIB + 7]) {
    const content = Buffer.alloc(size, 'some content ');
    t.equal(await blake3OfFile(put(directory, 'f', content)), blake3(content).toString('hex'), `${size} bytes`);
  }
});

t.test('the full hash of a large file leaves the event loop free and can be aborted', async (t) => {
  const file = sparse(t.testdir(), 'large', 4096 * MIB);
  const abort = new AbortController();
  const hash = blake3OfFile(file, abort.signal);
  let ticks = 0;
  const ticking = setInterval(() => {
    ticks += 1;
  }, 5);
  await new Promise((resolve) => setTimeout(resolve, 200));
  abort.abort(new Error('enough'));
  const start = performance.now();
  await t.rejects(hash, { message: 'enough' });
  t.ok(performance.now() - start < 1000);
  clearInterval(ticking);
  t.ok(ticks > 10, `${ticks} ticks`);
  await t.rejects(blake3OfFile(file, abort.signal), { message: 'enough' });
});

t.test('parts hash by their borders too', async (t) => {
  t.not(blake3OfParts(['ab', 'c']), blake3OfParts(['a', 'bc']));
  t.equal(blake3OfParts(['ab']), blake3OfParts([Buffer.from('ab')]));
});
