/** Segments against whole encodes, byte by byte. */

import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { extensionOf } from '../../src/base/media-extension.js';
import type { RealPath } from '../../src/base/paths.js';
import { Pace } from '../../src/ffmpeg/pace.js';
import { runFfmpeg } from '../../src/ffmpeg/run.js';
import { locateFfmpeg } from '../../src/ffmpeg/toolchain.js';
import { probeMedia } from '../../src/probe/probe.js';
import { ffmpegArguments } from '../../src/profiles/command.js';
import { resolveRecipe } from '../../src/profiles/resolve.js';
import { encodeInSegments } from '../../src/segments/encode-in-segments.js';
import { type ClipOptions, hasFfmpeg, makeClip } from '../fixtures/media.js';

t.setTimeout(400_000);
const skip = (await hasFfmpeg()) ? {} : { skip: 'ffmpeg is not installed' };

const directory = (await mkdtemp(join(tmpdir(), 'proxyfs-segments-'))) as RealPath;
t.teardown(() => rm(directory, { recursive: true, force: true }));

const FILM: ClipOptions = { frames: 130, rate: '24000/1001', timecode: '01:00:00:00' };
const HD: ClipOptions = { frames: 50, width: 1280, height: 720, timecode: '10:00:00:00' };
const LONG_GOP = [
  '-c:v',
  'libx264',
  '-preset',
  'ultrafast',
  '-bf',
  '3',
  '-g',
  '75',
  '-flags',
  '-cgop',
  '-pix_fmt',
  'yuv420p',
];
const BT709 = ['-color_range', 'tv', '-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'];
/** Cuts and noise: a rate control has to work. */
const UNREST = "noise=alls=40:allf=t:enable='between(n,30,70)',negate=enable='gte(n,93)'";

const CASES: readonly (readonly [profile: string, name: string, options: ClipOptions])[] = [
  ['edit', 'film.mov', FILM],
  // The first segment has the highest rate.
  ['edit', 'begin.mp4', { ...FILM, video: LONG_GOP, filter: "noise=alls=60:allf=t:enable='lt(n,30)'" }],
  ['edit', 'camera.mp4', { ...FILM, video: LONG_GOP, filter: UNREST, reel: 'A001' }],
  ['edit_dnx', 'hd.mov', { ...HD, video: LONG_GOP, audio: [{ layout: 'mono' }, { layout: '5.1' }] }],
  ['light', 'phone.mov', { ...FILM, rate: '30', video: LONG_GOP, audio: [] }],
  ['edit', 'upright.mov', { ...FILM, rotation: 90 }],
  ['edit', 'upright.mp4', { ...FILM, rotation: 270, video: LONG_GOP }],
  ['edit', 'fields.mov', { ...FILM, rate: '30000/1001', timecode: '01:00:00;00', fields: 'tff' }],
  ['edit', 'fields.mp4', { ...FILM, rate: '25', height: 288, fields: 'bff', video: LONG_GOP }],
  ['edit', 'hd.mxf', { ...HD, rate: '30000/1001', timecode: '01:00:00;00', reel: 'A002' }],
  [
    'edit',
    'tagged.mxf',
    { ...HD, pixelFormat: 'yuv422p', extra: BT709, audio: [{ layout: 'mono' }, { layout: 'mono' }] },
  ],
];

t.test('what is encoded in segments is, to the byte, what one command writes', skip, async (t) => {
  const toolchain = await locateFfmpeg();
  for (const [profile, name, options] of CASES) {
    const master = await makeClip(directory, name, options);
    const media = await probeMedia(toolchain, master);
    const result = resolveRecipe(profile, { media, extension: extensionOf(name), encoders: toolchain.encoders });
    if (result.kind !== 'recipe') throw new Error(`${name}: ${result.reason}`);
    const { recipe } = result;
    const { segmenting } = recipe;
    if (segmenting === undefined) throw new Error(`${name} is not segmented`);
    const whole = join(directory, `whole-${name}`) as RealPath;
    await runFfmpeg(toolchain, ffmpegArguments(recipe, master, whole), { polite: false });
    const bytes = await readFile(whole);
    t.ok(segmenting.whole, `${name} can be written beside its segments`);
    // By one encoder without a seek, beside its segments or joined, and by several, each of which seeks.
    for (const [hands, lent, whole] of [
      ['one', 0, segmenting.whole],
      ['one that joins', 0, undefined],
      ['three', 2, segmenting.whole],
    ] as const) {
      // What FFmpeg would take for its own words in a list of outputs.
      const output = join(directory, `[${hands}] it's\\a|b:'%d-${name}`) as RealPath;
      const told: number[] = [];
      let spare = lent;
      const { checkFrames } = await encodeInSegments(toolchain, {
        ...{ master, masterState: '1', segmenting: { ...segmenting, whole }, output },
        frames: options.frames ?? 0,
        framesPerSegment: options.height === 720 ? 20 : 40,
        directory: join(directory, `parts-${hands}-${name}`) as RealPath,
        signal: new AbortController().signal,
        onProgress: ({ frame }) => told.push(frame),
        borrow: () => {
          if (spare === 0) return undefined;
          spare -= 1;
          const end = () => {
            spare += 1;
          };
          return { pace: new Pace(), offer: () => true, takeOver: () => {}, end };
        },
      });
      const made = await readFile(output);
      t.equal(made.length, bytes.length, `${profile} of ${name} by ${hands}: the size`);
      t.ok(made.equals(bytes), `${profile} of ${name} by ${hands}: every byte`);
      t.equal(told.at(-1), options.frames);
      t.equal(spare, lent, 'what was lent is given back');
      t.same(
        told,
        [...told].sort((x, y) => x - y),
        'progress never goes back',
      );
      t.equal(checkFrames === undefined, hands === 'one', 'only what was joined is read once more');
      if (checkFrames === undefined) continue;
      await checkFrames();
      const middle = made.length >> 1;
      await writeFile(output, made.fill(255, middle, middle + 4096));
      await t.rejects(checkFrames(), { code: 'generate/segments' }, `${profile} of ${name}: a damaged join is found`);
    }
  }
});
