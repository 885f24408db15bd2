import { execFile } from 'node:child_process';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import type { RealPath } from '../../src/base/paths.js';
import { locateFfmpeg } from '../../src/ffmpeg/toolchain.js';
import { measureCadence, parsePacketLines } from '../../src/probe/cadence.js';
import { liesElsewhere } from '../../src/probe/data-reference.js';
import { readFirstFrame } from '../../src/probe/first-frame.js';
import { isMediaExtension, isMediaPath } from '../../src/probe/media-extensions.js';
import type { MediaInfo, VideoStream } from '../../src/probe/media-info.js';
import { probeMedia } from '../../src/probe/probe.js';
import { makeBox, readMovieHeader } from '../../src/probe/quicktime-boxes.js';
import { formatRational, rational } from '../../src/time/rational.js';
import { hasFfmpeg, makeClip, runFixtureFfmpeg } from '../fixtures/media.js';
import { fixtureProgram } from '../fixtures/programs.js';

t.setTimeout(120_000);

const skip = (await hasFfmpeg()) ? false : 'FFmpeg is not installed';

const videoOf = (media: MediaInfo): VideoStream => {
  const video = media.streams.find((stream) => stream.kind === 'video');
  if (video === undefined) throw new Error('no picture');
  return video;
};

t.test('frames keep a rate when each lies where its number says', async (t) => {
  const ntsc = rational(30000, 1001);
  const millisecond = rational(1, 1000);
  const rounded = Array.from({ length: 500 }, (_, frame) => Math.round((frame * 1001) / 30));
  t.same(measureCadence(rounded, millisecond, [ntsc]), ntsc, 'rounded to milliseconds');
  t.equal(measureCadence(rounded, millisecond, [rational(30)]), undefined);
  const gap = rounded.filter((_, frame) => frame !== 250);
  t.equal(measureCadence(gap, millisecond, [ntsc]), undefined, 'a dropped frame');
  const frame = rational(1, 25);
  t.same(measureCadence([0, 2, 1, 4, 3], frame, [rational(25)]), rational(25), 'decode order does not matter');
  const named = [rational(50), rational(25)];
  t.same(measureCadence([0, 2, 4], rational(1, 50), named), rational(25), 'a header that names the field rate');
});

t.test('packet listings tell shown, hidden and untimed packets apart', async (t) => {
  t.same(parsePacketLines('-10,KD\n0,K_\nN/A,__\n512,__\n'), { shown: [0, 512], hidden: [-10], untimed: 1 });
});

t.test('extensions say what a scan takes as media', async (t) => {
  for (const name of ['.MOV', '.mp4', '.mxf', '.wav', '.braw', '.mkv']) t.ok(isMediaExtension(name), name);
  for (const name of ['.txt', '', '.prproj', '.png', '.dng', '.ARI', 'mov']) t.notOk(isMediaExtension(name), name);
  t.ok(isMediaPath('a/b.c/Clip.MOV'));
});

t.test('a clip is described as it was made', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  const directory = t.testdir();
  const path = await makeClip(directory, "-odd: 100% %d 'ä'.mov", {
    rate: '30000/1001',
    frames: 31,
    timecode: '00:59:59;29',
    reel: 'A001',
    rotation: 90,
    audio: [{ layout: 'mono' }, { layout: '5.1', codec: 'pcm_s24le' }],
  });
  const media = await probeMedia(toolchain, path);
  const video = videoOf(media);
  t.match(media, { timecode: '00:59:59;29', reel: 'A001' });
  t.match(video, { frames: 31, hiddenFrames: 0, variableFrameRate: false, width: 320, height: 180, rotation: -90 });
  t.equal(formatRational(video.frameRate ?? rational(0)), '30000/1001');
  const sounds = media.streams.filter((stream) => stream.kind === 'audio');
  t.match(sounds, [{ channels: 1 }, { channels: 6, layout: '5.1', bitsPerSample: 24 }]);
  const uncounted = videoOf(await probeMedia(toolchain, path, { count: false }));
  t.match(uncounted, { frames: undefined, variableFrameRate: undefined });
});

t.test('sample tables and packets count the same frames', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  const directory = t.testdir();
  const video = ['-c:v', 'libx264', '-preset', 'fast', '-bf', '3', '-pix_fmt', 'yuv420p'];
  const movie = await makeClip(directory, 'b-frames.mp4', { video, frames: 40, rate: '24000/1001' });
  const transport = join(directory, 'same.mkv') as RealPath;
  await runFixtureFfmpeg(['-i', `file:${movie}`, '-c', 'copy', `file:${transport}`]);
  for (const path of [movie, transport]) {
    t.match(videoOf(await probeMedia(toolchain, path)), { frames: 40, variableFrameRate: false }, path);
  }
});

t.test('a varying rate and frames hidden by an edit list are seen', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  const directory = t.testdir();
  const long = await makeClip(directory, 'long.mp4', { frames: 60, video: ['-c:v', 'libx264', '-g', '30'] });
  const trimmed = join(directory, 'trimmed.mp4') as RealPath;
  await runFixtureFfmpeg(['-ss', '0.5', '-i', `file:${long}`, '-c', 'copy', `file:${trimmed}`]);
  t.ok((videoOf(await probeMedia(toolchain, trimmed)).hiddenFrames ?? 0) > 0, 'stream copy from the middle of a group');
  const gaps = await makeClip(directory, 'gaps.mp4', {
    frames: 30,
    filter: "select='not(eq(n,12)+eq(n,20))'",
    extra: ['-vsync', 'vfr'],
  });
  t.match(videoOf(await probeMedia(toolchain, gaps)), { frames: 28, variableFrameRate: true });
});

t.test('a drop-frame flag at 24 frames a second does not lose the timecode', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  const path = await makeClip(t.testdir(), 'camera.mov', { rate: '24', timecode: '01:02:03:04' });
  const bytes = await readFile(path);
  // The sample description of the timecode track: size, 'tmcd', 6 + 2 bytes, reserved, then the flags.
  const description = bytes.indexOf('tmcd', bytes.indexOf('stsd', bytes.lastIndexOf('hdlr')));
  bytes.writeUInt32BE(bytes.readUInt32BE(description + 16) | 1, description + 16);
  await writeFile(path, bytes);
  const media = await probeMedia(toolchain, path);
  t.notOk(
    media.streams.some((stream) => stream.tags['timecode'] !== undefined),
    'FFmpeg gives none',
  );
  t.equal(media.timecode, '01:02:03:04');
});

t.test('fragmented sound is as long as its packets', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  const extra = ['-movflags', 'frag_keyframe+empty_moov+delay_moov'];
  const path = await makeClip(t.testdir(), 'fragments.mp4', { frames: 50, extra });
  const media = await probeMedia(toolchain, path);
  t.equal(videoOf(media).frames, 50);
  const sound = media.streams.find((stream) => stream.kind === 'audio');
  const seconds = Number(sound?.duration?.num) / Number(sound?.duration?.den);
  t.ok(Math.abs(seconds - 2) < 0.06, `${seconds} s`);
});

t.test(
  'sound in fragments is as long as they say: the last packet is cut short, and gaps count',
  { skip },
  async (t) => {
    const toolchain = await locateFfmpeg();
    const directory = t.testdir();
    for (const movflags of ['empty_moov', 'empty_moov+delay_moov', 'cmaf']) {
      // The sound waits for a picture that is decoded before it is shown.
      const extra = ['-movflags', `frag_keyframe+${movflags}`, '-g', '10', '-bf', '2'];
      const path = await makeClip(directory, 'fragments.mp4', { frames: 50, extra });
      const media = await probeMedia(toolchain, path);
      t.equal(media.fragmented, true, movflags);
      const sound = media.streams.find((stream) => stream.kind === 'audio');
      const samples = (48_000 * Number(sound?.duration?.num)) / Number(sound?.duration?.den);
      t.equal(samples, await samplesOfSound(path), movflags);
      t.not(samples % 1024, 0, movflags);
    }
  },
);

/** By FFmpeg, which adds up the fragments. */
async function samplesOfSound(path: string): Promise<number> {
  const words = ['-v', 'error', '-select_streams', 'a', '-show_entries', 'stream=duration_ts', '-of', 'csv=p=0', path];
  return Number((await promisify(execFile)('ffprobe', words)).stdout);
}

t.test('a fragment that was broken off is seen', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  const directory = t.testdir();
  const extra = ['-g', '10', '-movflags', 'frag_keyframe+empty_moov'];
  const whole = await readFile(await makeClip(directory, 'fragments.mp4', { frames: 40, extra }));
  const fragment = whole.indexOf('moof', whole.indexOf('moof', whole.indexOf('moof') + 4) + 4) - 4;
  const cut = join(directory, 'cut.mp4') as RealPath;
  const incompleteOf = async (length: number) => {
    await writeFile(cut, whole.subarray(0, length));
    return (await probeMedia(toolchain, cut)).incomplete;
  };
  t.equal(await incompleteOf(whole.length), undefined);
  t.equal(await incompleteOf(fragment), undefined, 'between two fragments');
  t.equal(await incompleteOf(fragment - 40), 'cut-off', 'in the samples');
});

t.test('samples that lie in another file are told from those that lie in this one', async (t) => {
  const reference = (flags: number, place: string) =>
    makeBox(place === '' ? 'url ' : 'alis', Buffer.from([0, 0, 0, flags]), Buffer.from(place));
  const information = (index: number, ...references: Buffer[]) => {
    const description = Buffer.alloc(20);
    description.writeUInt16BE(index, 14);
    const list = makeBox('dref', Buffer.from([0, 0, 0, 0, 0, 0, 0, references.length]), ...references);
    return Buffer.concat([
      makeBox('dinf', list),
      makeBox('stbl', makeBox('stsd', Buffer.alloc(7), Buffer.from([1]), description)),
    ]);
  };
  const [here, there] = [reference(1, ''), reference(0, 'Media:A001:clip.mov')];
  t.notOk(liesElsewhere(information(1, here)));
  t.ok(liesElsewhere(information(1, there)));
  t.notOk(liesElsewhere(information(1, here, there)));
  t.ok(liesElsewhere(information(2, here, there)));
  t.notOk(liesElsewhere(information(1, reference(0, ''))), 'a place that is not named is this file');
  t.notOk(liesElsewhere(information(3, there)), 'a reference that is not there');
  t.notOk(liesElsewhere(Buffer.alloc(0)));
});

t.test('what cannot be read is an error with a reason', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  const directory = t.testdir({ 'text.mov': 'no movie', 'empty.mp4': '' });
  const clip = await makeClip(directory, 'clip.mov');
  await t.rejects(probeMedia(toolchain, join(directory, 'text.mov') as RealPath), { code: 'ffprobe/failed' });
  await t.rejects(probeMedia(toolchain, join(directory, 'empty.mp4') as RealPath), { code: 'ffprobe/failed' });
  await t.rejects(probeMedia(toolchain, join(directory, 'absent.mov') as RealPath), { code: 'ENOENT' });
  const garbage = { ...toolchain, ffprobe: fixtureProgram('ffprobe-garbage') };
  await t.rejects(probeMedia(garbage, clip), { code: 'ffprobe/garbage', message: /streams\.0\.index|format/ });
});

t.test('an ffprobe that is killed at the first frame says nothing about the clip', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  const clip = await makeClip(t.testdir(), 'clip.mov', { frames: 3 });
  const video = videoOf(await probeMedia(toolchain, clip));
  const killed = { ...toolchain, ffprobe: fixtureProgram('ffprobe-killed') };
  t.match(await readFirstFrame(toolchain, clip, video, {}), { fieldOrder: 'progressive' });
  await t.rejects(readFirstFrame(killed, clip, video, {}), { code: 'ffprobe/failed', message: /SIGKILL/ });
});

t.test('damaged movie headers give nothing and never an exception', async (t) => {
  const directory = t.testdir();
  const path = join(directory, 'box.mov');
  const cases = [
    [0, 0, 0, 4],
    [255, 255, 255, 255],
    [0, 0, 0, 1],
  ];
  for (const size of cases) {
    await writeFile(path, Buffer.concat([Buffer.from(size), Buffer.from('moov'), Buffer.from('12')]));
    const file = await open(path);
    t.equal(await readMovieHeader(file), undefined);
    await file.close();
  }
});
