import { createHash } from 'node:crypto';
import { readFile, truncate, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import t from 'tap';
import { extensionOf } from '../../src/base/media-extension.js';
import { type RealPath, toVirtualPath } from '../../src/base/paths.js';
import { runFfmpeg } from '../../src/ffmpeg/run.js';
import { locateFfmpeg, type Toolchain } from '../../src/ffmpeg/toolchain.js';
import type { MediaInfo, MediaStream } from '../../src/probe/media-info.js';
import { probeMedia } from '../../src/probe/probe.js';
import { ffmpegArguments } from '../../src/profiles/command.js';
import type { Expectation, Recipe } from '../../src/profiles/recipe.js';
import { resolveRecipe } from '../../src/profiles/resolve.js';
import { rational } from '../../src/time/rational.js';
import { compareMedia } from '../../src/validate/compare.js';
import { describeRejection } from '../../src/validate/report.js';
import { validateProxy } from '../../src/validate/validate.js';
import { classify } from '../../src/view/eligibility.js';
import { type ClipOptions, hasFfmpeg, makeClip } from '../fixtures/media.js';
import { audioStream, mediaInfo, videoStream } from '../fixtures/media-info.js';
import { fixtureProgram } from '../fixtures/programs.js';

const skip = (await hasFfmpeg()) ? false : 'FFmpeg is not installed';

// Each clip is made, probed, encoded and read back: seconds on an idle machine, more on a busy one.
t.setTimeout(180_000);

const EXPECT: Expectation = {
  streams: [
    { kind: 'video', masterIndex: 0 },
    { kind: 'audio', masterIndex: 1 },
  ],
  width: 1920,
  height: 1080,
  videoCodec: 'prores',
  pixelFormat: 'yuv422p10le',
  timecode: '01:00:00:00',
  color: { range: 'tv', matrix: 'bt709', primaries: undefined, transfer: undefined },
  audioLength: 'as-master',
};
const COPY = { codec: 'prores', codecTag: 'apco', pixelFormat: 'yuv422p10le' };
const TIMECODE_TRACK: MediaStream = { ...audioStream({ index: 9 }), kind: 'data', codecTag: 'tmcd' };
const clip = (streams: readonly MediaStream[], timecode: string | undefined = '01:00:00:00') =>
  mediaInfo([...streams, TIMECODE_TRACK], { timecode });
const MASTER = clip([videoStream(), audioStream({ index: 1 })]);

const failures = (proxy: MediaInfo, master = MASTER) =>
  compareMedia(master, proxy, EXPECT)
    .filter((check) => !check.ok)
    .map((check) => check.field);

t.test('an equal proxy passes, wherever its own streams lie in the file', async (t) => {
  t.same(failures(clip([videoStream(COPY), audioStream({ index: 1 })])), []);
  const data: MediaStream = { ...audioStream(), kind: 'data', codecTag: 'tmcd' };
  t.same(failures(clip([data, videoStream({ ...COPY, index: 1 }), audioStream({ index: 2 })])), []);
});

t.test('every property that a proxy must copy is compared', async (t) => {
  const sound = audioStream({ index: 1 });
  const cases: [string, MediaInfo][] = [
    ['streams', clip([videoStream(COPY)])],
    ['timecode', clip([videoStream(COPY), sound], '01:00:00;00')],
    ['video frame count', clip([videoStream({ ...COPY, frames: 99 }), sound])],
    ['video packets', clip([videoStream({ ...COPY, listedFrames: 99 }), sound])],
    ['video frame rate', clip([videoStream({ ...COPY, frameRate: rational(24000, 1001) }), sound])],
    ['video constant frame rate', clip([videoStream({ ...COPY, variableFrameRate: true }), sound])],
    ['video duration', clip([videoStream({ ...COPY, duration: rational(403, 100) }), sound])],
    ['video display aspect', clip([videoStream({ ...COPY, sampleAspect: rational(4, 3) }), sound])],
    ['video rotation', clip([videoStream({ ...COPY, rotation: 90 }), sound])],
    ['video fields', clip([videoStream({ ...COPY, fieldOrder: 'tt' }), sound])],
    ['video pixel format', clip([videoStream({ ...COPY, pixelFormat: 'yuv444p10le' }), sound])],
    ['video color range', clip([videoStream({ ...COPY, color: { ...EXPECT.color, range: 'pc' } }), sound])],
    ['audio 0 channels', clip([videoStream(COPY), audioStream({ index: 1, channels: 1 })])],
    ['audio 0 sample rate', clip([videoStream(COPY), audioStream({ index: 1, sampleRate: 44_100 })])],
    ['audio 0 layout', clip([videoStream(COPY), audioStream({ index: 1, layout: 'mono' })])],
    ['audio 0 duration', clip([videoStream(COPY), audioStream({ index: 1, duration: rational(4001, 1000) })])],
    ['audio 1 start', clip([videoStream(COPY), audioStream({ index: 1, startTime: rational(1, 10) })])],
  ];
  for (const [field, proxy] of cases) {
    t.ok(failures(proxy).includes(field), `${field} in ${failures(proxy).join(', ')}`);
  }
});

interface Made {
  readonly toolchain: Toolchain;
  readonly master: RealPath;
  readonly media: MediaInfo;
  readonly recipe: Recipe;
}

async function prepare(toolchain: Toolchain, directory: string, name: string, options: ClipOptions): Promise<Made> {
  const master = await makeClip(directory, name, options);
  const media = await probeMedia(toolchain, master);
  const eligibility = classify(toVirtualPath(name), media);
  if (eligibility.kind !== 'eligible') throw new Error(`${name}: ${eligibility.reason}`);
  const result = resolveRecipe('edit', { media, extension: extensionOf(name), encoders: toolchain.encoders });
  if (result.kind !== 'recipe') throw new Error(`${name}: ${result.reason}`);
  return { toolchain, master, media, recipe: result.recipe };
}

async function encode(made: Made, ffmpeg = made.toolchain.ffmpeg): Promise<RealPath> {
  const proxy = join(made.master, '..', `proxy of ${basename(made.master)}`) as RealPath;
  await runFfmpeg({ ...made.toolchain, ffmpeg }, ffmpegArguments(made.recipe, made.master, proxy), { polite: false });
  return proxy;
}

const validate = (made: Made, proxyFile: RealPath) =>
  validateProxy(made.toolchain, { master: made.media, proxyFile, recipe: made.recipe });

const H264 = ['-c:v', 'libx264', '-preset', 'fast', '-bf', '3', '-pix_fmt', 'yuv420p'];
const CLIPS: readonly (readonly [string, ClipOptions])[] = [
  ['drop-frame.mov', { rate: '30000/1001', frames: 31, timecode: '00:59:59;29', reel: 'A001' }],
  ['film.mxf', { rate: '24000/1001', frames: 31, timecode: '01:00:00:00', width: 1280, height: 720 }],
  ['fast.mp4', { rate: '60000/1001', frames: 61, timecode: '01:01:00;04', video: H264 }],
  ['tracks.mov', { audio: [{ layout: 'mono' }, { layout: 'mono' }, { layout: '5.1', codec: 'pcm_s24le' }] }],
  ['tracks.mxf', { audio: [{ layout: 'mono' }, { layout: 'mono' }], rate: '30000/1001', timecode: '01:00:00;00' }],
  ['silent.mp4', { audio: [] }],
  ['rotated.mp4', { rotation: 90 }],
  ['fields.mov', { fields: 'bff', width: 720, height: 480, rate: '30000/1001' }],
  ['fields.mxf', { fields: 'tff', width: 720, height: 576, filter: 'setsar=16/15' }],
  ['hlg.mov', { filter: 'setparams=color_primaries=bt2020:color_trc=arib-std-b67:colorspace=bt2020nc' }],
  ['full-range.mp4', { pixelFormat: 'yuvj420p', video: ['-c:v', 'libx264'] }],
  ['short-sound.mov', { frames: 50, audio: [{ seconds: 1.1 }] }],
  ['long-sound.mp4', { audio: [{ seconds: 1.6 }] }],
  ['-tiny: 5% %d.mp4', { width: 64, height: 36, frames: 1 }],
];

t.test('what is called eligible gets a proxy that equals its master', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  const directory = t.testdir();
  const check = async ([name, options]: (typeof CLIPS)[number]) => {
    const made = await prepare(toolchain, directory, name, options);
    const report = await validate(made, await encode(made));
    t.ok(report.ok, `${name} ${describeRejection(report)}`);
    t.ok(report.checks.length > 15, `${name} was looked at`);
  };
  const half = Math.ceil(CLIPS.length / 2);
  const lanes = [CLIPS.slice(0, half), CLIPS.slice(half)];
  await Promise.all(
    lanes.map(async (lane) => lane.reduce((before, clip) => before.then(() => check(clip)), Promise.resolve())),
  );
});

t.test('a damaged or foreign proxy is rejected with what was expected and found', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  const directory = t.testdir();
  const made = await prepare(toolchain, directory, 'master.mov', { frames: 30, timecode: '01:00:00:00' });
  const proxy = await encode(made);
  const shorter = await prepare(toolchain, directory, 'shorter.mov', { frames: 29, timecode: '01:00:00:00' });
  t.match(describeRejection(await validate(made, await encode(shorter))), /video frame count: expected 30, found 29/);
  const bytes = await readFile(proxy);
  await truncate(proxy, Math.floor(bytes.length * 0.7));
  t.match(describeRejection(await validate(made, proxy)), /video decodes the last frame/);
});

type Rewrite = (words: readonly string[]) => readonly string[];

/** Removes an option with its value; a value may be asked for. */
function without(name: string, value?: string): Rewrite {
  return (words) => {
    const at = words.findIndex((word, index) => word === name && (value === undefined || words[index + 1] === value));
    if (at < 0) throw new Error(`${name} is not in the command`);
    return words.filter((_, index) => index !== at && index !== at + 1);
  };
}

function replaced(from: string | RegExp, to: string | ((word: string) => string)): Rewrite {
  const pattern = from instanceof RegExp ? new RegExp(from, 'g') : from;
  return (words) => {
    const lies = words.map((word) => word.replaceAll(pattern, (match) => (typeof to === 'string' ? to : to(match))));
    if (lies.join(' ') === words.join(' ')) throw new Error(`${from} is not in the command`);
    return lies;
  };
}

const reordered =
  (a: string, b: string): Rewrite =>
  (words) =>
    words.map((word) => (word === a ? b : word === b ? a : word));

/** Before the output file: a later option wins. */
const appended =
  (...more: string[]): Rewrite =>
  (words) => [...words.slice(0, -2), ...more, ...words.slice(-2)];

/** What an encoder may do wrong while it exits with 0: the words of its command, and what must be found. */
const LIES: readonly (readonly [string, (words: readonly string[]) => readonly string[], RegExp])[] = [
  ['drops a sound', without('-map', '0:2'), /streams: expected video audio audio, found video audio/],
  ['swaps the order', reordered('0:0', '0:1'), /streams: expected video audio audio, found audio video audio/],
  ['loses the timecode', appended('-write_tmcd', '0'), /timecode track: expected yes, found no/],
  ['shifts the timecode', replaced('01:00:00:00', '01:00:00:01'), /timecode: expected 01:00:00:00, found 01:00:00:01/],
  ['loses the reel', replaced('reel_name=A001', 'reel_name='), /reel: expected A001, found none/],
  ['loses the date', replaced(/^creation_time=.*/, 'creation_time='), /tag creation_time: expected 2024/],
  ['loses the camera', replaced('+faststart+use_metadata_tags', '+faststart'), /tag com\.maker\.lens/],
  ['loses the language', appended('-metadata:s:a:1', 'language=fra'), /audio 1 language: expected ger, found fra/],
  ['enables a track', appended('-disposition:a:1', 'default'), /audio 1 track flags: expected none, found default/],
  ['mixes down', appended('-c:a:0', 'pcm_s16le', '-ac:a:0', '1'), /audio 0 channels: expected 2, found 1/],
  ['resamples', appended('-c:a:0', 'pcm_s16le', '-ar:a:0', '44100'), /audio 0 sample rate: expected 48000/],
  ['cuts sound', appended('-c:a:0', 'pcm_s16le', '-filter:a:0', 'atrim=end_sample=22900'), /audio 0 duration/],
  ['drops a frame', replaced('setpts=N', 'select=not(eq(n\\,4)),setpts=N'), /video frame count: expected 12, found 11/],
  ['drifts', replaced('setpts=N', 'setpts=N*1.2'), /video constant frame rate|video frame rate/],
  ['squeezes', replaced('setparams', 'setsar=4/3,setparams'), /video display aspect: expected 16\/9/],
  ['mislabels colour', replaced('color_trc=bt709', 'color_trc=smpte2084'), /video color transfer: expected bt709/],
  ['changes fields', replaced('setfield=prog', 'setfield=tff'), /video fields: expected progressive, found/],
  [
    'samples otherwise',
    replaced(/prores_aw|yuv422p10le/, (word) => (word === 'prores_aw' ? 'prores_ks' : 'yuv444p10le')),
    /video pixel format: expected yuv422p10le/,
  ],
];

t.test('whatever an encoder does wrong while it claims success is found and named', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  const made = await prepare(toolchain, t.testdir(), 'master.mov', {
    frames: 12,
    timecode: '01:00:00:00',
    reel: 'A001',
    audio: [{}, { layout: 'mono' }],
    filter: 'setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709',
    extra: [
      ...['-metadata', 'creation_time=2024-05-01T10:20:30Z', '-metadata', 'com.maker.lens=50 mm'],
      ...['-movflags', '+use_metadata_tags', '-metadata:s:a:1', 'language=ger', '-disposition:a:1', '0'],
    ],
  });
  t.ok((await validate(made, await encode(made))).ok, 'the honest encoder passes');
  for (const [name, lie, finding] of LIES) {
    const proxy = join(made.master, '..', `${name}.mov`) as RealPath;
    await runFfmpeg(toolchain, lie(ffmpegArguments(made.recipe, made.master, proxy)), { polite: false });
    t.match(describeRejection(await validate(made, proxy)), finding, name);
  }
});

t.test('pictures are compared where asked for: off by one frame, and green', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  const made = await prepare(toolchain, t.testdir(), 'master.mp4', { frames: 25, video: H264 });
  const judge = async (name: string, filter: string) => {
    const proxy = join(made.master, '..', `${name}.mp4`) as RealPath;
    const lie = replaced('setpts=N', filter);
    await runFfmpeg(toolchain, lie(ffmpegArguments(made.recipe, made.master, proxy)), { polite: false });
    const pictures = { masterFile: made.master, samples: 5 };
    const input = { master: made.media, proxyFile: proxy, recipe: made.recipe };
    t.ok((await validateProxy(toolchain, input)).ok, `${name}: every header agrees`);
    return describeRejection(await validateProxy(toolchain, { ...input, pictures }));
  };
  t.equal(await judge('honest', 'setpts=N+0'), '');
  const shifted = 'trim=start_frame=1,tpad=stop=1:stop_mode=clone,setpts=N';
  t.match(
    await judge('shifted', shifted),
    /picture of frame 12: expected that of the master, found that of the frame a/,
  );
  t.match(await judge('green', 'setpts=N,drawbox=color=green:t=fill'), /picture of frame 0: .* found another picture/);
  // Every grey level is right in these.
  const colors = /picture of frame 12: expected that of the master, found (other colours|another picture)/;
  t.match(await judge('greenish', "setpts=N,lutyuv=u='val-24':v='val-24'"), colors);
  t.match(await judge('turned', 'setpts=N,hue=h=40'), colors);
  t.match(await judge('swapped', 'setpts=N,shuffleplanes=0:2:1'), colors);
  t.match(await judge('grey', 'setpts=N,hue=s=0'), colors);
});

t.test('to compare pictures takes no room on a disk', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  const made = await prepare(toolchain, t.testdir(), 'master.mp4', { frames: 10, video: H264 });
  const proxyFile = await encode(made);
  const { TMPDIR: before } = process.env;
  process.env['TMPDIR'] = '/dev/full';
  t.teardown(() => {
    if (before === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = before;
  });
  const pictures = { masterFile: made.master, samples: 3 };
  const input = { master: made.media, proxyFile, recipe: made.recipe };
  t.equal(describeRejection(await validateProxy(toolchain, { ...input, pictures })), '');
});

t.test('what the machine lacks while pictures are compared is not the proxy’s fault', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  const directory = t.testdir();
  const made = await prepare(toolchain, directory, 'master.mp4', { frames: 10, video: H264 });
  const proxyFile = await encode(made);
  const ffmpeg = join(directory, 'short-of-memory') as RealPath;
  const script = `#!/bin/sh\ncase "$*" in *pipe:4*) echo "Cannot allocate memory" >&2; exit 1 ;; esac\nexec ${toolchain.ffmpeg} "$@"\n`;
  await writeFile(ffmpeg, script, { mode: 0o755 });
  const pictures = { masterFile: made.master, samples: 3 };
  const input = { master: made.media, proxyFile, recipe: made.recipe, pictures };
  await t.rejects(validateProxy({ ...toolchain, ffmpeg }, input), { code: 'ffmpeg/failed', message: /memory/ });
});

t.test('a file that FFmpeg truncated with exit code 0 does not pass', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  const made = await prepare(toolchain, t.testdir(), 'master.mp4', { frames: 30, video: H264 });
  process.env['REAL_FFMPEG'] = toolchain.ffmpeg;
  const report = await validate(made, await encode(made, fixtureProgram('ffmpeg-truncates')));
  t.notOk(report.ok);
});

t.test('the same master makes the same bytes', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  const made = await prepare(toolchain, t.testdir(), 'master.mov', { timecode: '01:00:00:00' });
  const digest = async () =>
    createHash('sha256')
      .update(await readFile(await encode(made)))
      .digest('hex');
  t.equal(await digest(), await digest());
});
