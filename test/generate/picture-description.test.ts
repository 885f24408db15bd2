import { readFile, writeFile } from 'node:fs/promises';
import { extname } from 'node:path';
import t from 'tap';
import type { PoolKey } from '../../src/base/ids.js';
import type { RealPath } from '../../src/base/paths.js';
import { runFfmpeg } from '../../src/ffmpeg/run.js';
import { locateFfmpeg, type Toolchain } from '../../src/ffmpeg/toolchain.js';
import { finishProxy } from '../../src/generate/finish.js';
import { probeMedia } from '../../src/probe/probe.js';
import { ffmpegArguments } from '../../src/profiles/command.js';
import { resolveRecipe } from '../../src/profiles/resolve.js';
import { describeRejection } from '../../src/validate/report.js';
import { validateProxy } from '../../src/validate/validate.js';
import { hasFfmpeg, makeClip } from '../fixtures/media.js';

const skip = (await hasFfmpeg()) ? false : 'FFmpeg is not installed';

t.setTimeout(180_000);

const KEY = 'ab'.repeat(32) as PoolKey;
const HD = { width: 1280, height: 720, frames: 2, audio: [] };
const PRORES = ['-c:v', 'prores_aw', '-pix_fmt', 'yuv422p10le'];
const H264 = ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-preset', 'ultrafast'];
const UNSAID = ['-bsf:v', 'h264_metadata=colour_primaries=2:transfer_characteristics=2:matrix_coefficients=2'];
const COLOR_BOX = { extra: ['-movflags', '+write_colr'] };

/** What the last description of a picture in the file says in a box of this type, in hexadecimal. */
async function boxOf(file: RealPath, type: string, length: number): Promise<string> {
  const bytes = await readFile(file);
  const at = bytes.lastIndexOf(type, undefined, 'latin1') + 4;
  return bytes.subarray(at, at + length).toString('hex');
}

async function writeBox(file: RealPath, type: string, offset: number, content: readonly number[]): Promise<void> {
  const bytes = await readFile(file);
  bytes.set(content, bytes.lastIndexOf(type, undefined, 'latin1') + 4 + offset);
  await writeFile(file, bytes);
}

async function makeProxy(toolchain: Toolchain, master: RealPath, set: string) {
  const media = await probeMedia(toolchain, master);
  const extension = extname(master);
  const result = resolveRecipe(set, { media, extension, encoders: toolchain.encoders });
  if (result.kind !== 'recipe') throw new Error(`${master}: ${result.reason}`);
  const { recipe } = result;
  const proxy = `${master}.${set}${extension}` as RealPath;
  await runFfmpeg(toolchain, ffmpegArguments(recipe, master, proxy), { polite: false });
  const check = async () =>
    describeRejection(await validateProxy(toolchain, { master: media, proxyFile: proxy, recipe }));
  const unfinished = await check();
  await finishProxy(proxy, { master, media, recipe, poolKey: KEY });
  return { media, proxy, recipe, unfinished, finished: await check() };
}

t.test(
  'colours that only the header states stand in that of the proxy, and not in its bitstream',
  { skip },
  async (t) => {
    const toolchain = await locateFfmpeg();
    const directory = t.testdir();
    const prores = await makeClip(directory, 'prores.mov', { ...HD, ...COLOR_BOX, video: PRORES });
    const h264 = await makeClip(directory, 'h264.mov', { ...HD, ...COLOR_BOX, video: [...H264, ...UNSAID] });
    const mp4 = await makeClip(directory, 'h264.mp4', { ...HD, ...COLOR_BOX, video: [...H264, ...UNSAID] });
    for (const [master, set, codec] of [
      [prores, 'edit', 'prores'],
      [prores, 'edit_dnx', 'dnxhd'],
      [h264, 'light', 'h264'],
      [mp4, 'edit', 'h264'],
    ] as const) {
      await writeBox(master, 'colr', 4, [0, 9, 0, 16, 0, 9]);
      const { media, proxy, recipe, unfinished, finished } = await makeProxy(toolchain, master, set);
      const name = `${master} ${set}`;
      t.match(media.streams[0], { containerColor: { primaries: 9, transfer: 16, matrix: 9 } }, name);
      t.equal(recipe.expect.videoCodec, codec, name);
      t.match(unfinished, /video color in the header: expected 9-16-9, found \d+-\d+-\d+/, name);
      t.equal(finished, '', name);
      const isMp4 = extname(master) === '.mp4';
      const box = `${Buffer.from(isMp4 ? 'nclx' : 'nclc').toString('hex')}000900100009`;
      t.equal(await boxOf(proxy, 'colr', isMp4 ? 11 : 10), isMp4 ? `${box}00` : box, name);
      // DNxHR has no place for them: readers take the header's there. A smaller picture says as what its master is shown.
      const own = { primaries: undefined, transfer: undefined, matrix: set === 'light' ? 'bt709' : undefined };
      if (codec !== 'dnxhd') t.match((await probeMedia(toolchain, proxy)).streams[0], { color: own }, name);
    }
  },
);

t.test('a header that agrees with the bitstream is left to FFmpeg', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  const filter = 'setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709';
  const master = await makeClip(t.testdir(), 'tagged.mov', { ...HD, video: PRORES, filter });
  const { media, recipe, unfinished } = await makeProxy(toolchain, master, 'edit');
  t.notHas(media.streams[0], { containerColor: {} });
  t.equal(recipe.expect.description, undefined);
  t.equal(unfinished, '');
});

t.test('H.264 in QuickTime states which field is stored first where the master does', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  const video = [...PRORES, '-flags', '+ildct+ilme'];
  const interlaced = { width: 320, height: 192, frames: 3, audio: [], fields: 'tff', video } as const;
  const master = await makeClip(t.testdir(), 'interlaced.mov', interlaced);
  // The bottom field is stored first, the top field shown first.
  await writeBox(master, 'fiel', 0, [2, 14]);
  const { media, proxy, unfinished, finished } = await makeProxy(toolchain, master, 'light');
  t.match(media.streams[0], { fieldOrder: 'bt' });
  t.match(unfinished, /video field order: expected bt, found tt/);
  t.equal(finished, '');
  t.equal(await boxOf(proxy, 'fiel', 2), '020e');
});

t.test('ProRes with zeros for colour tags is untagged, and no proxy says more than that', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  const zeros = ['-bsf:v', 'prores_metadata=color_primaries=unknown:color_trc=unknown:colorspace=unknown'];
  const master = await makeClip(t.testdir(), 'zeros.mov', { ...HD, video: [...PRORES, ...zeros] });
  for (const [set, codec, matrix] of [
    ['edit', 'prores', undefined],
    ['edit_dnx', 'dnxhd', 'bt709'],
    ['light', 'h264', 'bt709'],
  ] as const) {
    const { media, proxy, unfinished, finished } = await makeProxy(toolchain, master, set);
    t.match(media.streams[0], { reservedTags: true, color: { matrix: undefined, primaries: undefined } });
    t.strictSame([unfinished, finished], ['', ''], set);
    const color = { matrix, primaries: undefined, transfer: undefined };
    t.match((await probeMedia(toolchain, proxy)).streams[0], { codec, color }, set);
    t.equal('reservedTags' in ((await probeMedia(toolchain, proxy)).streams[0] ?? {}), codec === 'prores', set);
  }
});
