import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { type RealPath, ROOT, type VirtualPath } from '../../src/base/paths.js';
import { createCatalog } from '../../src/catalog/sqlite-catalog.js';
import { locateFfmpeg } from '../../src/ffmpeg/toolchain.js';
import { silentLogger } from '../../src/log/logger.js';
import { createExamine, type ExamineOptions } from '../../src/scan/examine.js';
import { Scanner } from '../../src/scan/scanner.js';
import { openDatabase } from '../../src/store/database.js';
import { hasFfmpeg, makeClip } from '../fixtures/media.js';

t.setTimeout(120_000);
const skip = (await hasFfmpeg()) ? false : 'ffmpeg is not installed';

async function bench(t: Test, options: ExamineOptions & { ffprobe?: string } = {}) {
  const directory = await mkdtemp(join(tmpdir(), 'proxyfs-examine-'));
  const source = join(directory, 'source') as RealPath;
  mkdirSync(source);
  const catalog = createCatalog(openDatabase(join(directory, 'catalog.db') as RealPath));
  t.teardown(async () => {
    catalog.close();
    await rm(directory, { recursive: true });
  });
  const honest = await locateFfmpeg();
  const script = join(directory, 'ffprobe') as RealPath;
  if (options.ffprobe !== undefined) {
    writeFileSync(script, `#!/bin/sh\n${options.ffprobe}\n`);
    chmodSync(script, 0o755);
  }
  const toolchain = options.ffprobe === undefined ? honest : { ...honest, ffprobe: script };
  const examine = createExamine(toolchain, options);
  const scanner = new Scanner({ source, catalog, examine, log: silentLogger, hiddenRootNames: [], settleMs: 0 });
  const verdictOf = (path: string) => catalog.byPath(path as VirtualPath)?.eligibility;
  return { source, catalog, scanner, verdictOf };
}

t.test('a movie without its header is known without a program, and only such a one', { skip }, async (t) => {
  const { source, scanner, verdictOf } = await bench(t, { ffprobe: 'echo "never asked" >&2; exit 1' });
  const box = (type: string, length: number, stated = length) => {
    const bytes = Buffer.alloc(length, 7);
    bytes.writeUInt32BE(stated);
    bytes.write(type, 4, 'latin1');
    return bytes;
  };
  const files: Record<string, Buffer> = {
    'recording.mov': Buffer.concat([box('ftyp', 20), box('wide', 8), box('mdat', 5000, 90_000)]),
    'copied.mp4': Buffer.concat([box('ftyp', 20), box('free', 100), box('mdat', 500, 0)]),
    'damaged-header.mov': Buffer.concat([box('ftyp', 20), box('moov', 900), box('mdat', 500)]),
    'fragments.mp4': Buffer.concat([box('ftyp', 20), box('moof', 400), box('mdat', 500)]),
    'odd-box.mov': Buffer.concat([box('ftyp', 20), box('mdat', 500, 4)]),
    'recording.mxf': Buffer.concat([box('ftyp', 20), box('mdat', 500)]),
  };
  for (const [name, bytes] of Object.entries(files)) writeFileSync(join(source, name), bytes);
  await scanner.scan(ROOT);
  const [headless, asked] = [/no header \(moov\)/, /never asked/];
  const wanted = [headless, headless, asked, asked, asked, asked];
  for (const [index, name] of Object.keys(files).entries())
    t.match(verdictOf(name), { code: 'unreadable', reason: wanted[index] }, name);
});

t.test('an ffprobe that cannot be started is no verdict on a clip', { skip }, async (t) => {
  const { source, scanner, verdictOf } = await bench(t, {
    ffprobe: 'echo "error while loading shared libraries: libavformat.so.59" >&2; exit 127',
  });
  await makeClip(source, 'good.mov');
  const message = /ffprobe cannot be started \(.*libavformat.*\): install it again/;
  await t.rejects(scanner.scan(ROOT), { code: 'ffmpeg/missing', message });
  t.match(verdictOf('good.mov'), { kind: 'unknown' }, 'it is examined when there is one');
});

t.test('each clip gets a verdict with a reason', { skip }, async (t) => {
  const { source, catalog, scanner, verdictOf } = await bench(t);
  await makeClip(source, 'good.mov');
  writeFileSync(join(source, 'corrupt.mov'), Buffer.alloc(100_000, 7));
  const cutOff = Buffer.alloc(100_000, 7);
  cutOff.write('\0\0\0\x08wide\0\x02\0\0mdat', 'latin1');
  writeFileSync(join(source, 'cut-off.mov'), cutOff);
  writeFileSync(join(source, 'empty.mp4'), '');
  writeFileSync(join(source, 'raw.r3d'), 'raw');
  t.match(await scanner.scan(ROOT), { found: 5, probed: 5 });
  t.match(verdictOf('good.mov'), { kind: 'eligible' });
  t.match(verdictOf('corrupt.mov'), { kind: 'ineligible', code: 'unreadable', reason: /\(Invalid data found/ });
  t.match(verdictOf('cut-off.mov'), { kind: 'ineligible', code: 'unreadable', reason: /no header \(moov\)/ });
  t.match(verdictOf('empty.mp4'), { kind: 'ineligible', code: 'empty' });
  t.match(verdictOf('raw.r3d'), { kind: 'ineligible', code: 'camera-raw' });
  t.match(await scanner.scan(ROOT), { probed: 0 }, 'a verdict stands until the file changes');
  const { id, fingerprint } = catalog.byPath('good.mov' as VirtualPath)!;
  mkdirSync(join(source, 'M4ROOT/CLIP'), { recursive: true });
  renameSync(join(source, 'good.mov'), join(source, 'M4ROOT/CLIP/good.mov'));
  await scanner.scan(ROOT);
  t.match(verdictOf('M4ROOT/CLIP/good.mov'), { kind: 'ineligible', code: 'camera-card' }, 'a move changes the verdict');
  t.match(catalog.get(id), { fingerprint }, 'and nothing else');
  renameSync(join(source, 'M4ROOT/CLIP/good.mov'), join(source, 'back.mov'));
  await scanner.scan(ROOT);
  t.match(verdictOf('back.mov'), { kind: 'eligible' });
});

t.test('a large master is not read from end to end by a scan, nor looked at again by the next', { skip }, async (t) => {
  const { source, catalog, scanner, verdictOf } = await bench(t, { readAtMost: 0n });
  await makeClip(source, 'large.mxf');
  t.match(await scanner.scan(ROOT), { probed: 1 });
  t.match(verdictOf('large.mxf'), { kind: 'unknown', reason: /frames have not been counted/ });
  t.ok(catalog.byPath('large.mxf' as VirtualPath)?.media);
  t.match(await scanner.scan(ROOT), { probed: 0 });
});

t.test('a probe that is killed says nothing about the clip: it is examined again', { skip }, async (t) => {
  const { source, scanner, verdictOf } = await bench(t, { ffprobe: 'kill -9 $$' });
  await makeClip(source, 'a.mov');
  for (const _ of [1, 2]) {
    t.match(await scanner.scan(ROOT), { probed: 1 });
    t.match(verdictOf('a.mov'), { kind: 'unknown', reason: /could not be examined: .*killed/ });
  }
});

t.test('a probe that answers garbage makes the clip unreadable', { skip }, async (t) => {
  const { source, scanner, verdictOf } = await bench(t, { ffprobe: 'echo "{"' });
  await makeClip(source, 'a.mov');
  await scanner.scan(ROOT);
  t.match(verdictOf('a.mov'), { kind: 'ineligible', code: 'unreadable' });
});
