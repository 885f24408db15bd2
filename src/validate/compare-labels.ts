/**
 * Compares what a file says of itself beside picture and sound: languages, titles, track
 * flags, dates, camera metadata, cover art, its own length. Pure.
 */

import type { MediaInfo, MediaStream, VideoStream } from '../probe/media-info.js';
import type { Expectation } from '../profiles/recipe.js';
import { compare, divide, magnitude, type Rational, rational, subtract, toNumber } from '../time/rational.js';
import type { ValidationCheck } from './report.js';

/** Names that belong to the container or the muxer, or that are compared by their meaning. */
const OF_THE_FILE =
  /^(major_brand|minor_version|compatible_brands|encoder|timecode|reel_name|(material|file)_package_.*|.*umid)$/;
/** What MXF says of the program that wrote it. */
const OF_THE_WRITER =
  /^(uid|generation_uid|company_name|product_.*|application_platform|toolkit_version.*|modification_date|operational_pattern_ul|project_name)$/;

export function compareFile(master: MediaInfo, proxy: MediaInfo, expect: Expectation): ValidationCheck[] {
  const stated = expect.crossesContainers ? [] : Object.keys(master.tags);
  const names = stated.filter((name) => !OF_THE_FILE.test(name) && !OF_THE_WRITER.test(name));
  return [
    ...names.sort().map((name) => same(`tag ${name}`, master.tags[name] ?? '', proxy.tags[name] ?? 'none')),
    ...compareLength(master, proxy, expect),
  ];
}

/** Programs that go by the header's length (MLT) have to find the same number of frames in it. */
function compareLength(master: MediaInfo, proxy: MediaInfo, expect: Expectation): ValidationCheck[] {
  const video = master.streams.find((stream) => stream.kind === 'video' && stream.frames !== undefined);
  const rate = video?.kind === 'video' ? video.frameRate : undefined;
  if (rate === undefined || master.duration === undefined || expect.audioLength === 'as-video') return [];
  const ok =
    proxy.duration !== undefined &&
    compare(magnitude(subtract(master.duration, proxy.duration)), divide(rational(1, 2), rate)) <= 0;
  return [{ field: 'file duration', expected: seconds(master.duration), found: seconds(proxy.duration), ok }];
}

export function compareLabels(name: string, master: MediaStream, proxy: MediaStream): ValidationCheck[] {
  const title = master.tags['title'];
  return [
    same(`${name} language`, languageOf(master), languageOf(proxy)),
    ...(title === undefined ? [] : [same(`${name} title`, title, proxy.tags['title'] ?? 'none')]),
    same(`${name} track flags`, flagsOf(master), flagsOf(proxy)),
  ];
}

export function compareCover(master: VideoStream, proxy: VideoStream): ValidationCheck[] {
  const words = ({ codec, width, height }: VideoStream) => `${codec} ${width}x${height}`;
  return [same('cover art', words(master), words(proxy)), same('cover art flags', flagsOf(master), flagsOf(proxy))];
}

/** `und` is how a file says that it does not say. */
const languageOf = (stream: MediaStream): string => stream.tags['language'] ?? 'und';

const flagsOf = (stream: MediaStream): string => [...stream.dispositions].sort().join(' ') || 'none';

function same(field: string, expected: string, found: string): ValidationCheck {
  return { field, expected, found, ok: expected === found };
}

const seconds = (value: Rational | undefined) => (value === undefined ? 'unknown' : `${toNumber(value).toFixed(6)} s`);
