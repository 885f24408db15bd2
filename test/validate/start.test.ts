import { copyFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import t from 'tap';
import type { PoolKey } from '../../src/base/ids.js';
import type { RealPath } from '../../src/base/paths.js';
import { runFfmpeg } from '../../src/ffmpeg/run.js';
import { locateFfmpeg } from '../../src/ffmpeg/toolchain.js';
import { finishProxy } from '../../src/generate/finish.js';
import { replaceBox, rewriteHeader } from '../../src/generate/rewrite-header.js';
import { probeMedia } from '../../src/probe/probe.js';
import { children, makeBox } from '../../src/probe/quicktime-boxes.js';
import { type Edit, formatEdits, parseEdits } from '../../src/probe/quicktime-edits.js';
import { formatRuns, type QuickTimeTrack, readTrack, readTracks } from '../../src/probe/quicktime-tracks.js';
import { ffmpegArguments } from '../../src/profiles/command.js';
import { resolveRecipe } from '../../src/profiles/resolve.js';
import { describeRejection } from '../../src/validate/report.js';
import { validateProxy } from '../../src/validate/validate.js';
import { hasFfmpeg, makeClip, runFixtureFfmpeg } from '../fixtures/media.js';

const skip = (await hasFfmpeg()) ? false : 'FFmpeg is not installed';

t.setTimeout(180_000);

const KEY = 'ab'.repeat(32) as PoolKey;
const OWN_TIMES = { video: ['-c:v', 'libx264', '-pix_fmt', 'yuv420p', '-video_track_timescale', '1000'] };

/** Frames at 0, 230, 460, 600, ... milliseconds. */
async function makeSlowClip(directory: string, name: string): Promise<RealPath> {
  const filter = 'settb=1/1000,setpts=N*200+mod(N\\,3)*30';
  const audio = [{ seconds: 4.8 }];
  return await makeClip(directory, name, { ...OWN_TIMES, filter, audio, extra: ['-fps_mode', 'passthrough'] });
}

/** Begins within a frame, 60 milliseconds before the next: the frames before that are stored and not shown. */
async function makeCutClip(directory: string, name: string): Promise<RealPath> {
  const [whole, cut] = [await makeSlowClip(directory, `whole ${name}`), join(directory, name) as RealPath];
  await runFixtureFfmpeg(['-ss', '0.54', '-i', `file:${whole}`, '-c', 'copy', `file:${cut}`]);
  return cut;
}

const makeSilentClip = (directory: string, name: string) => makeClip(directory, name, { audio: [] });
const makeUsualClip = (directory: string, name: string) => makeClip(directory, name, {});

interface Shift {
  readonly offset?: number;
  readonly pause?: number;
  readonly mediaTime?: number;
  /** The edit lasts so much longer, so that no frame falls out of it. */
  readonly longer?: number;
}

/** How all frames are shown later or earlier: all in milliseconds. */
const SHIFTS: readonly (readonly [string, typeof makeSlowClip, Shift])[] = [
  ['offsets.mp4', makeSlowClip, { offset: 67 }],
  ['usual-offsets.mp4', makeUsualClip, { offset: 67, longer: 67 }],
  ['pause.mp4', makeSlowClip, { pause: 67 }],
  ['silent.mp4', makeSilentClip, { pause: 67 }],
  ['cut-later.mp4', makeCutClip, { mediaTime: -67 }],
  ['cut-earlier.mp4', makeCutClip, { mediaTime: 50 }],
];

t.test('a proxy whose frames are all shown at another time is refused', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  const directory = t.testdir();
  for (const [name, make, shift] of SHIFTS) {
    const master = await make(directory, name);
    const media = await probeMedia(toolchain, master);
    const result = resolveRecipe('edit', { media, extension: extname(name), encoders: toolchain.encoders });
    if (result.kind !== 'recipe') throw new Error(`${name}: ${result.reason}`);
    const { recipe } = result;
    const [proxy, shifted] = ['proxy', 'shifted'].map((kind) => join(directory, `${kind} ${name}`) as RealPath);
    if (proxy === undefined || shifted === undefined) throw new Error('two names make two files');
    const words = ffmpegArguments(recipe, master, proxy);
    // The header comes last, so that it can become longer.
    await runFfmpeg(toolchain, [...words.slice(0, -2), '-movflags', '-faststart', ...words.slice(-2)], {});
    await finishProxy(proxy, { master, media, recipe, poolKey: KEY });
    const judge = async (proxyFile: RealPath) =>
      describeRejection(await validateProxy(toolchain, { master: media, proxyFile, recipe }));
    t.equal(await judge(proxy), '', `${name}: the honest one passes`);
    await copyFile(proxy, shifted);
    await shiftFrames(shifted, shift);
    t.match(
      await judge(shifted),
      /video wait for the first frame: expected (at most )?0\.0\d+ s, found 0\.\d+ s/,
      name,
    );
  }
});

async function shiftFrames(file: RealPath, shift: Shift): Promise<void> {
  await rewriteHeader(file, ({ body }) => {
    const movieTimescale = readTracks(body)[0]?.movieTimescale ?? 0;
    return [...children(body)].map((box) => {
      const track = box.type === 'trak' ? readTrack(box, movieTimescale) : undefined;
      return makeBox(box.type, track?.handler === 'vide' ? shiftedTrack(box.body, track, shift) : box.body);
    });
  });
}

function shiftedTrack(
  body: Buffer,
  track: QuickTimeTrack,
  { offset = 0, pause = 0, mediaTime = 0, longer = 0 }: Shift,
) {
  const ticks = (milliseconds: number) => Math.round((milliseconds * track.timescale) / 1000);
  const movieTicks = (milliseconds: number) => Math.round((milliseconds * track.movieTimescale) / 1000);
  const offsets = formatRuns([{ count: track.samples, ticks: ticks(offset) }]);
  const delayed = replaceBox(body, ['mdia', 'minf', 'stbl'], (table) =>
    Buffer.concat([table, makeBox('ctts', offsets)]),
  );
  const edits = parseEdits(body).map((edit) => ({
    ...edit,
    length: edit.length + movieTicks(longer),
    mediaTime: edit.mediaTime + ticks(mediaTime),
  }));
  const before: Edit[] = pause === 0 ? [] : [{ length: movieTicks(pause), mediaTime: -1, rate: 0x10000 }];
  return replaceBox(offset === 0 ? body : delayed, ['edts', 'elst'], () => formatEdits([...before, ...edits]));
}
