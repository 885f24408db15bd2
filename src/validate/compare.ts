/**
 * Compares a finished proxy with its master, both probed with their frames counted.
 * Pure. Every comparison is listed, also those that hold: the list goes into the manifest.
 */

import type { AudioStream, MediaInfo, MediaStream, VideoStream } from '../probe/media-info.js';
import { colorNumbers, formatColor } from '../probe/quicktime-color.js';
import { fieldsOf } from '../profiles/geometry.js';
import type { Expectation } from '../profiles/recipe.js';
import {
  add,
  compare,
  divide,
  formatRational,
  magnitude,
  multiply,
  type Rational,
  rational,
  subtract,
  toNumber,
} from '../time/rational.js';
import { compareCover, compareFile, compareLabels } from './compare-labels.js';
import type { ValidationCheck } from './report.js';

export function compareMedia(master: MediaInfo, proxy: MediaInfo, expect: Expectation): ValidationCheck[] {
  const found = carriedOf(proxy);
  const kinds = (streams: readonly { readonly kind: string }[]) => streams.map((stream) => stream.kind).join(' ');
  const checks = [
    same('streams', kinds(expect.streams), kinds(found)),
    same('timecode', expect.timecode ?? 'none', timecodeOf(proxy, expect) ?? 'none'),
    ...compareTimecodeTrack(proxy, expect),
    same('reel', master.reel ?? 'none', proxy.reel ?? 'none'),
    ...compareFile(master, proxy, expect),
  ];
  const origins = { master: earliestStart(master), proxy: earliestStart(proxy) };
  const picture = pictureOf(master);
  let sounds = 0;
  expect.streams.forEach(({ masterIndex }, position) => {
    const original = master.streams.find((stream) => stream.index === masterIndex);
    const copy = found[position];
    if (original?.kind === 'video' && copy?.kind === 'video') {
      if (isCoverArt(original)) checks.push(...compareCover(original, copy));
      else {
        checks.push(...compareVideo(original, copy, expect), ...compareStart(original, copy, origins, original));
        checks.push(compareWait(original, copy, origins, expect));
      }
    } else if (original?.kind === 'audio' && copy?.kind === 'audio') {
      checks.push(...compareAudio(original, copy, picture, expect, `audio ${sounds}`));
      checks.push(...compareStart(original, copy, origins, picture));
    }
    if (original?.kind === 'audio') sounds += 1;
  });
  return checks;
}

/** MXF always states a timecode: that of a master without one, in another container, counts from zero. */
function timecodeOf({ format, timecode }: MediaInfo, expect: Expectation): string | undefined {
  const isFillIn = expect.crossesContainers && expect.timecode === undefined && format === 'mxf';
  return isFillIn && /^00:00:00[:;]00$/.test(timecode ?? '') ? undefined : timecode;
}

/** Editors read the track; FFmpeg is content with a tag that looks like it. MXF has its own place for timecode. */
function compareTimecodeTrack({ format, streams }: MediaInfo, { timecode }: Expectation): ValidationCheck[] {
  if (timecode === undefined || !format.startsWith('mov')) return [];
  const has = streams.some((stream) => stream.codecTag === 'tmcd');
  return [same('timecode track', 'yes', has ? 'yes' : 'no')];
}

/** Picture, sounds and cover art in file order: the other streams of a proxy are its muxer's (timecode). */
function carriedOf(media: MediaInfo): (VideoStream | AudioStream)[] {
  return media.streams.filter((stream) => stream.kind === 'video' || stream.kind === 'audio');
}

const isCoverArt = (stream: VideoStream): boolean => stream.dispositions.includes('attached_pic');

/** The moving picture. */
export function pictureOf(media: MediaInfo): VideoStream | undefined {
  return media.streams.find((stream): stream is VideoStream => stream.kind === 'video' && !isCoverArt(stream));
}

function compareVideo(master: VideoStream, proxy: VideoStream, expect: Expectation): ValidationCheck[] {
  return [
    ...(expect.crossesContainers ? [] : compareLabels('video', master, proxy)),
    same('video frame count', text(master.frames), text(proxy.frames)),
    ...(master.ownTimes === undefined ? compareRate(master, proxy) : compareTimes(master, proxy)),
    same('video size', `${expect.width}x${expect.height}`, `${proxy.width}x${proxy.height}`),
    same('video display aspect', displayAspect(master), displayAspect(proxy)),
    same('video rotation', String(master.rotation), String(proxy.rotation)),
    same('video fields', fieldsOf(master), fieldsOf(proxy)),
    same('video codec', expect.videoCodec, proxy.codec),
    same('video pixel format', expect.pixelFormat, proxy.pixelFormat),
    ...tagPair(proxy),
    ...compareColor(expect, master, proxy),
    ...compareDescription(expect, proxy),
  ];
}

/** What the header says beside the bitstream. */
function compareDescription({ description }: Expectation, proxy: VideoStream): ValidationCheck[] {
  const { color, fieldOrder } = description ?? {};
  const found = proxy.containerColor ?? colorNumbers(proxy.color);
  return [
    ...(color === undefined ? [] : [same('video color in the header', formatColor(color), formatColor(found))]),
    ...(fieldOrder === undefined ? [] : [same('video field order', fieldOrder, proxy.fieldOrder)]),
  ];
}

function compareRate(master: VideoStream, proxy: VideoStream): ValidationCheck[] {
  const rate = master.frameRate;
  const halfFrame = rate === undefined ? rational(0) : divide(rational(1, 2), rate);
  return [
    same('video hidden frames', '0', text(proxy.hiddenFrames)),
    ...packetsAsRead(master, proxy),
    same('video frame rate', rateText(rate), rateText(proxy.frameRate)),
    same('video constant frame rate', 'yes', proxy.variableFrameRate === false ? 'yes' : 'no'),
    near('video duration', lengthOfPicture(master), proxy.duration, halfFrame),
  ];
}

/** Frame by frame, the hidden ones included: the same ticks of the same clock. */
function compareTimes(master: VideoStream, proxy: VideoStream): ValidationCheck[] {
  const [wanted, found] = [master.ownTimes, proxy.ownTimes];
  return [
    same('video hidden frames', text(master.hiddenFrames), text(proxy.hiddenFrames)),
    ...packetsAsRead(master, proxy),
    ...(wanted?.stored === undefined ? [] : [same('video stored frames', text(wanted.stored), text(found?.stored))]),
    same('video clock', text(wanted?.clock), text(found?.clock)),
    same('video times of all frames', wanted?.digest ?? 'none', found?.digest ?? 'none'),
    same('video ticks of all frames', text(wanted?.length), text(found?.length)),
    ...(wanted?.counted === undefined
      ? []
      : [same('video ticks in the header', text(wanted.counted), text(found?.counted))]),
    same('video average frame rate', rateText(master.averageFrameRate), rateText(proxy.averageFrameRate)),
    // Both headers state it, in the clock of the movie: milliseconds at worst.
    near('video duration', master.duration, proxy.duration, rational(1, 1000)),
  ];
}

/** Hidden ones included: what a program counts that reads from the key frame before an edit to the one after it. */
function packetsAsRead({ listedFrames: wanted }: VideoStream, { listedFrames: found }: VideoStream): ValidationCheck[] {
  return wanted === undefined ? [] : [same('video packets', text(wanted), text(found))];
}

/** A codec tag that promises one sampling over pixels of another is refused by editors. */
function tagPair(proxy: VideoStream): ValidationCheck[] {
  const promised: Readonly<Record<string, string>> = { apco: 'yuv422p10le', AVdh: 'yuv422p' };
  const format = promised[proxy.codecTag];
  return format === undefined ? [] : [same(`video pixel format of ${proxy.codecTag}`, format, proxy.pixelFormat)];
}

/** The recipe's tags, and the master's own where the recipe has no word for them. */
function compareColor(expect: Expectation, master: VideoStream, proxy: VideoStream): ValidationCheck[] {
  const names = ['matrix', 'primaries', 'transfer'] as const;
  return [
    // A missing range tag means limited range everywhere.
    same('video color range', expect.color.range ?? 'tv', proxy.color.range ?? 'tv'),
    ...names.flatMap((name) => {
      const wanted = expect.color[name] ?? master.color[name];
      return wanted === undefined ? [] : [same(`video color ${name}`, wanted, proxy.color[name] ?? 'none')];
    }),
  ];
}

function compareAudio(
  master: AudioStream,
  proxy: AudioStream,
  picture: VideoStream | undefined,
  expect: Expectation,
  name: string,
): ValidationCheck[] {
  const length =
    expect.audioLength === 'as-video' && picture !== undefined ? lengthOfPicture(picture) : master.duration;
  return [
    ...(expect.crossesContainers ? [] : compareLabels(name, master, proxy)),
    same(`${name} channels`, String(master.channels), String(proxy.channels)),
    same(`${name} sample rate`, String(master.sampleRate), String(proxy.sampleRate)),
    // Without a label in the master there is nothing that the proxy could contradict.
    ...(master.layout === undefined || (expect.crossesContainers && proxy.layout === undefined)
      ? []
      : [same(`${name} layout`, master.layout, proxy.layout ?? 'none')]),
    near(`${name} duration`, length, proxy.duration, audioTolerance(master, picture, expect)),
  ];
}

/**
 * A sample, and the microsecond to which ffprobe rounds; MXF counts sound in frames. Coded
 * sound is copied packet by packet: how much of the last one counts is the header's word.
 */
function audioTolerance(master: AudioStream, picture: VideoStream | undefined, expect: Expectation): Rational {
  if (expect.audioLength === 'as-video' && picture?.frameRate !== undefined) {
    return divide(rational(1, 2), picture.frameRate);
  }
  if (!master.codec.startsWith('pcm_')) return CODED_SOUND_TOLERANCE;
  return add(rational(1, Math.max(1, master.sampleRate)), rational(2, 1_000_000));
}

const CODED_SOUND_TOLERANCE = rational(1, 500);

/** When the earliest picture or sound begins. */
interface Origins {
  readonly master: Rational;
  readonly proxy: Rational;
}

/** Streams keep their places against each other, to half a frame. */
function compareStart(
  master: MediaStream,
  proxy: MediaStream,
  origins: Origins,
  picture: VideoStream | undefined,
): ValidationCheck[] {
  const expected = subtract(master.startTime ?? rational(0), origins.master);
  const found = subtract(proxy.startTime ?? rational(0), origins.proxy);
  return [near(`${master.kind} ${master.index} start`, expected, found, startTolerance(picture))];
}

/**
 * By the header, from the beginning of the movie and its timecode: FFmpeg's start does not tell of time that passes in
 * an edit nor, where there is no sound, of any. A proxy with edits of its own leaves out what all streams wait for.
 */
function compareWait(master: VideoStream, proxy: VideoStream, origins: Origins, expect: Expectation): ValidationCheck {
  const wait = ({ startTime, waitInEdit }: VideoStream) => add(startTime ?? rational(0), waitInEdit ?? rational(0));
  const lead = subtract(master.startTime ?? rational(0), origins.master);
  const [field, found] = ['video wait for the first frame', wait(proxy)];
  if (expect.editLists === 'of-master') return near(field, wait(master), found, COPIED_EDIT_TOLERANCE);
  const most = latest(wait(master), lead);
  const ok = compare(found, add(most, startTolerance(master))) <= 0;
  return { field, expected: `at most ${seconds(most)}`, found: seconds(found), ok };
}

/** A pause is counted in the clock of the movie, and in both: milliseconds at worst. */
const COPIED_EDIT_TOLERANCE = rational(2, 1000);

const latest = (a: Rational, b: Rational): Rational => (compare(a, b) < 0 ? b : a);

/** Half a frame. */
function startTolerance(picture: VideoStream | undefined): Rational {
  const rate = picture?.frameRate;
  return rate === undefined ? rational(1, 100) : divide(rational(1, 2), rate);
}

export function earliestStart(media: MediaInfo): Rational {
  const starts = media.streams
    .filter((stream) => stream.kind === 'video' || stream.kind === 'audio')
    .map((stream) => stream.startTime ?? rational(0));
  return starts.reduce((least, next) => (compare(next, least) < 0 ? next : least), starts[0] ?? rational(0));
}

/** By its frames, never by the header: headers of damaged and of fragmented files lie. */
function lengthOfPicture(video: VideoStream): Rational | undefined {
  if (video.frames === undefined || video.frameRate === undefined) return video.duration;
  return divide(rational(video.frames), video.frameRate);
}

function displayAspect(video: VideoStream): string {
  const sample = video.sampleAspect ?? rational(1);
  return formatRational(multiply(rational(video.width, Math.max(1, video.height)), sample));
}

function same(field: string, expected: string, found: string): ValidationCheck {
  return { field, expected, found, ok: expected === found };
}

function near(
  field: string,
  expected: Rational | undefined,
  found: Rational | undefined,
  tolerance: Rational,
): ValidationCheck {
  const ok =
    expected === undefined || (found !== undefined && compare(magnitude(subtract(expected, found)), tolerance) <= 0);
  return { field, expected: seconds(expected), found: seconds(found), ok };
}

const seconds = (value: Rational | undefined) => (value === undefined ? 'unknown' : `${toNumber(value).toFixed(6)} s`);
const rateText = (value: Rational | undefined) => (value === undefined ? 'unknown' : formatRational(value));
const text = (value: number | undefined) => (value === undefined ? 'unknown' : String(value));
