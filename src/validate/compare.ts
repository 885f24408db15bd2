/**
 * Compares a finished proxy with its master, both probed with their frames counted.
 * Pure. Every comparison is listed, also those that hold: the list goes into the manifest.
 */

import type { AudioStream, MediaInfo, MediaStream, VideoStream } from '../probe/media-info.js';
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
import type { ValidationCheck } from './report.js';

export function compareMedia(master: MediaInfo, proxy: MediaInfo, expect: Expectation): ValidationCheck[] {
  const found = proxy.streams.filter((stream) => stream.kind === 'video' || stream.kind === 'audio');
  const checks = [
    same(
      'streams',
      expect.streams.map((stream) => stream.kind).join(' '),
      found.map((stream) => stream.kind).join(' '),
    ),
    same('timecode', expect.timecode ?? 'none', proxy.timecode ?? 'none'),
    same('reel', master.reel ?? 'none', proxy.reel ?? 'none'),
  ];
  const origins = { master: earliestStart(master), proxy: earliestStart(proxy) };
  expect.streams.forEach(({ masterIndex }, position) => {
    const original = master.streams.find((stream) => stream.index === masterIndex);
    const copy = found[position];
    if (original?.kind === 'video' && copy?.kind === 'video') {
      checks.push(...compareVideo(original, copy, expect), ...compareStart(original, copy, origins, original));
    } else if (original?.kind === 'audio' && copy?.kind === 'audio') {
      const picture = master.streams.find((stream) => stream.kind === 'video');
      checks.push(...compareAudio(original, copy, picture, expect, position));
      checks.push(...compareStart(original, copy, origins, picture));
    }
  });
  return checks;
}

function compareVideo(master: VideoStream, proxy: VideoStream, expect: Expectation): ValidationCheck[] {
  const rate = master.frameRate;
  const length = lengthOfPicture(master);
  return [
    same('video frame count', text(master.frames), text(proxy.frames)),
    same('video hidden frames', '0', text(proxy.hiddenFrames)),
    same('video frame rate', rateText(rate), rateText(proxy.frameRate)),
    same('video constant frame rate', 'yes', proxy.variableFrameRate === false ? 'yes' : 'no'),
    near('video duration', length, proxy.duration, rate === undefined ? rational(0) : divide(rational(1, 2), rate)),
    same('video size', `${expect.width}x${expect.height}`, `${proxy.width}x${proxy.height}`),
    same('video display aspect', displayAspect(master), displayAspect(proxy)),
    same('video rotation', String(master.rotation), String(proxy.rotation)),
    same('video fields', fieldsOf(master), fieldsOf(proxy)),
    same('video codec', expect.videoCodec, proxy.codec),
    same('video pixel format', expect.pixelFormat, proxy.pixelFormat),
    ...tagPair(proxy),
    ...compareColor(expect, proxy),
  ];
}

/** A codec tag that promises one sampling over pixels of another is refused by editors. */
function tagPair(proxy: VideoStream): ValidationCheck[] {
  const promised: Readonly<Record<string, string>> = { apco: 'yuv422p10le', AVdh: 'yuv422p' };
  const format = promised[proxy.codecTag];
  return format === undefined ? [] : [same(`video pixel format of ${proxy.codecTag}`, format, proxy.pixelFormat)];
}

function compareColor(expect: Expectation, proxy: VideoStream): ValidationCheck[] {
  const names = ['matrix', 'primaries', 'transfer'] as const;
  const tags = names.filter((name) => expect.color[name] !== undefined);
  return [
    // A missing range tag means limited range everywhere.
    same('video color range', expect.color.range ?? 'tv', proxy.color.range ?? 'tv'),
    ...tags.map((name) => same(`video color ${name}`, expect.color[name] ?? '', proxy.color[name] ?? 'none')),
  ];
}

function compareAudio(
  master: AudioStream,
  proxy: AudioStream,
  picture: VideoStream | undefined,
  expect: Expectation,
  position: number,
): ValidationCheck[] {
  const name = `audio ${position - 1}`;
  const length =
    expect.audioLength === 'as-video' && picture !== undefined ? lengthOfPicture(picture) : master.duration;
  return [
    same(`${name} channels`, String(master.channels), String(proxy.channels)),
    same(`${name} sample rate`, String(master.sampleRate), String(proxy.sampleRate)),
    // Without a label in the master there is nothing that the proxy could contradict.
    ...(master.layout === undefined ? [] : [same(`${name} layout`, master.layout, proxy.layout ?? 'none')]),
    near(`${name} duration`, length, proxy.duration, audioTolerance(master, picture, expect)),
  ];
}

/** A sample, and the microsecond to which ffprobe rounds; MXF counts sound in frames. */
function audioTolerance(master: AudioStream, picture: VideoStream | undefined, expect: Expectation): Rational {
  if (expect.audioLength === 'as-video' && picture?.frameRate !== undefined) {
    return divide(rational(1, 2), picture.frameRate);
  }
  return add(rational(1, Math.max(1, master.sampleRate)), rational(2, 1_000_000));
}

/** Streams keep their places against each other, to half a frame. */
function compareStart(
  master: MediaStream,
  proxy: MediaStream,
  origins: { readonly master: Rational; readonly proxy: Rational },
  picture: VideoStream | undefined,
): ValidationCheck[] {
  const rate = picture?.frameRate;
  const tolerance = rate === undefined ? rational(1, 100) : divide(rational(1, 2), rate);
  const expected = subtract(master.startTime ?? rational(0), origins.master);
  const found = subtract(proxy.startTime ?? rational(0), origins.proxy);
  return [near(`${master.kind} ${master.index} start`, expected, found, tolerance)];
}

function earliestStart(media: MediaInfo): Rational {
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
