import { open, readFile, writeFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import t from 'tap';
import type { PoolKey } from '../../src/base/ids.js';
import type { RealPath } from '../../src/base/paths.js';
import { runFfmpeg } from '../../src/ffmpeg/run.js';
import { locateFfmpeg, type Toolchain } from '../../src/ffmpeg/toolchain.js';
import { finishProxy } from '../../src/generate/finish.js';
import { matchMovieLength, matchSoundLengths } from '../../src/generate/movie-length.js';
import { probeMedia } from '../../src/probe/probe.js';
import { child, readMovieHeader } from '../../src/probe/quicktime-boxes.js';
import { ffmpegArguments } from '../../src/profiles/command.js';
import { resolveRecipe } from '../../src/profiles/resolve.js';
import { rational } from '../../src/time/rational.js';
import { describeRejection } from '../../src/validate/report.js';
import { validateProxy } from '../../src/validate/validate.js';
import { classifyMedia } from '../../src/view/eligibility.js';
import { hasFfmpeg, makeClip, runFixtureFfmpeg } from '../fixtures/media.js';

const skip = (await hasFfmpeg()) ? false : 'FFmpeg is not installed';

t.setTimeout(180_000);

const KEY = 'ab'.repeat(32) as PoolKey;
const SMALL = { width: 128, height: 72 };
const H264 = ['-c:v', 'libx264', '-g', '30', '-bf', '2', '-pix_fmt', 'yuv420p'];
const GAPS = { filter: "select='not(eq(n,12)+eq(n,20))'", extra: ['-vsync', 'vfr'] };

async function report(toolchain: Toolchain, master: RealPath, finished = true) {
  const media = await probeMedia(toolchain, master);
  const eligibility = classifyMedia(media);
  if (eligibility.kind !== 'eligible') throw new Error(`${master}: ${eligibility.reason}`);
  const extension = extname(master);
  const result = resolveRecipe('edit', { media, extension, encoders: toolchain.encoders });
  if (result.kind !== 'recipe') throw new Error(`${master}: ${result.reason}`);
  const { recipe } = result;
  const proxy = `${master}.proxy${extension}` as RealPath;
  await runFfmpeg(toolchain, ffmpegArguments(recipe, master, proxy), { polite: false });
  if (finished) await finishProxy(proxy, { master, media, recipe, poolKey: KEY });
  const pictures = { masterFile: master, samples: 4 };
  const validation = await validateProxy(toolchain, { master: media, proxyFile: proxy, recipe, pictures });
  return { media, validation, words: describeRejection(validation) };
}

t.test('every frame of a clip of variable rate keeps its time, also the length of the last', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  const directory = t.testdir();
  for (const [name, options] of [
    ['gaps.mp4', { ...SMALL, ...GAPS, frames: 25, video: H264 }],
    ['gaps.mov', { ...SMALL, ...GAPS, frames: 25, timecode: '01:00:00:00' }],
  ] as const) {
    const { media, validation, words } = await report(toolchain, await makeClip(directory, name, options));
    t.match(media.streams[0], { variableFrameRate: true, frames: 23, ownTimes: { stored: 23 } }, name);
    t.ok(validation.ok, `${name}: ${words}`);
    t.ok(validation.checks.some(({ field }) => field === 'video times of all frames'));
  }
});

t.test('a trimmed clip keeps what its edit list hides; without the list the proxy is refused', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  const directory = t.testdir();
  const video = ['-c:v', 'libx264', '-g', '30', '-bf', '0', '-pix_fmt', 'yuv420p'];
  const long = await makeClip(directory, 'long.mp4', { ...SMALL, frames: 60, video });
  for (const extension of ['.mp4', '.mov']) {
    const trimmed = join(directory, `trimmed${extension}`) as RealPath;
    await runFixtureFfmpeg(['-ss', '1.5', '-i', `file:${long}`, '-c', 'copy', '-t', '0.6', `file:${trimmed}`]);
    const { validation, words } = await report(toolchain, trimmed);
    t.ok(validation.ok, `${extension}: ${words}`);
    const bare = await report(toolchain, trimmed, false);
    t.notOk(bare.validation.ok);
    t.match(bare.words, /hidden frames: expected \d+, found 0/);
  }
});

t.test('a movie and its copied sounds get the lengths that the master states', { skip }, async (t) => {
  const directory = t.testdir();
  const master = await makeClip(directory, 'master.mp4', { ...SMALL, frames: 25 });
  const proxy = join(directory, 'proxy.mp4') as RealPath;
  await runFixtureFfmpeg(['-i', `file:${master}`, '-c', 'copy', `file:${proxy}`]);
  const soundAt = (await readFile(master)).lastIndexOf('mdhd') + 4 + 16;
  const file = await open(master, 'r+');
  const stated = Buffer.alloc(4);
  stated.writeUInt32BE(12_345);
  await file.write(stated, 0, 4, soundAt);
  await file.close();
  await matchSoundLengths(proxy, master);
  await matchMovieLength(proxy, { duration: rational(7, 2) });
  const bytes = await readFile(proxy);
  t.equal(bytes.readUInt32BE(bytes.lastIndexOf('mdhd') + 4 + 16), 12_345);
  const reopened = await open(proxy, 'r');
  const movie = await readMovieHeader(reopened);
  await reopened.close();
  const header = movie === undefined ? undefined : child(movie.body, 'mvhd');
  t.equal(header?.readUInt32BE(16), 3.5 * (header?.readUInt32BE(12) ?? 0));
});

t.test('a timecode track counts as that of the master does, whatever is written there', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  const directory = t.testdir();
  for (const name of ['camera.mov', 'camera.mp4']) {
    const timecode = '19:26:48:04';
    const master = await makeClip(directory, name, { ...SMALL, rate: '30000/1001', frames: 4, audio: [], timecode });
    const bytes = await readFile(master);
    const framesASecond = descriptionAt(bytes) + 12;
    t.equal(bytes[framesASecond], 30);
    // As some cameras write it.
    bytes[framesASecond] = 29;
    await writeFile(master, bytes);
    const { validation, words } = await report(toolchain, master);
    t.ok(validation.ok, `${name}: ${words}`);
    const proxy = await readFile(`${master}.proxy${extname(name)}`);
    const of = (file: Buffer) => file.subarray(descriptionAt(file), descriptionAt(file) + 13).toString('hex');
    t.equal(of(proxy), of(bytes), name);
  }
});

/** Flags, time scale, frame duration and count of the last `tmcd` description: after its tag and 12 bytes. */
function descriptionAt(file: Buffer): number {
  return file.lastIndexOf(Buffer.from('tmcd\0\0\0\0\0\0\0\x01', 'latin1')) + 16;
}

t.test('track titles and the field order in the bitstream are carried', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  const directory = t.testdir();
  const audio = [{ layout: 'mono' }, { layout: 'mono' }];
  const extra = ['-metadata:s:a:1', 'title=Boom: left'];
  const titled = await report(
    toolchain,
    await makeClip(directory, 'titled.mov', { ...SMALL, audio, extra, frames: 3 }),
  );
  t.match(titled.media.streams[2]?.tags, { title: 'Boom: left' });
  t.ok(titled.validation.ok, titled.words);
  const video = ['-c:v', 'libx264', '-g', '1', '-bf', '0', '-x264-params', 'tff=1', '-pix_fmt', 'yuv420p'];
  const fields = await makeClip(directory, 'fields.mp4', { ...SMALL, height: 96, fields: 'tff', video, frames: 4 });
  const interlaced = await report(toolchain, fields);
  t.ok(interlaced.validation.ok, interlaced.words);
  const pictureTiming = Buffer.from([0x06, 0x01]);
  t.ok((await readFile(`${fields}.proxy.mp4`)).includes(pictureTiming), 'the notes that say which field is first');
});

t.test('a movie or an MXF file that was cut off says so', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  const directory = t.testdir();
  const movie = await makeClip(directory, 'm.mp4', { ...SMALL, frames: 50, extra: ['-movflags', '+faststart'] });
  const mxf = await makeClip(directory, 'm.mxf', { ...SMALL, frames: 25 });
  for (const path of [movie, mxf]) {
    t.notOk('incomplete' in (await probeMedia(toolchain, path)), path);
    const file = await open(path, 'r+');
    await file.truncate(Math.floor((await file.stat()).size * 0.6));
    await file.close();
    const media = await probeMedia(toolchain, path);
    t.match(classifyMedia(media), { kind: 'ineligible', code: 'cut-off' }, path);
  }
});
