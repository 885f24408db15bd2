/**
 * Whether an asset may be proxied, always with a reason that can be shown to an editor.
 * Codes are stable. Pure.
 *
 * This judges the master by itself; a profile may still refuse one for what its codecs
 * cannot do.
 */

import { extensionOf } from '../base/media-extension.js';
import type { VirtualPath } from '../base/paths.js';
import type { Incomplete, MediaInfo, VideoStream } from '../probe/media-info.js';
import {
  compare,
  divide,
  formatRational,
  magnitude,
  type Rational,
  rational,
  subtract,
  toNumber,
} from '../time/rational.js';
import { classifyPath, ineligible } from './path-eligibility.js';
import type { Eligibility } from './servable.js';

export { classifyPath };

/** The master must have been probed; without a count of its frames the answer is `unknown`. */
export function classify(path: VirtualPath, media: MediaInfo): Eligibility {
  return classifyPath(path) ?? classifyContainer(path, media) ?? classifyMedia(media);
}

/** The same whatever the name and the container: for proxies that have names of their own. */
export function classifyMedia(media: MediaInfo): Eligibility {
  return (
    classifyWhole(media) ??
    classifyStreams(media) ??
    classifyPicture(onlyVideo(media)) ??
    classifyFrames(onlyVideo(media)) ?? { kind: 'eligible' }
  );
}

/** For a file that ffprobe cannot read; `said` is its own last word. */
export function classifyUnreadable(size: number, said: string): Eligibility {
  return size === 0 ? ineligible('empty', 'it has zero bytes') : ineligible('unreadable', unreadableBecause(said));
}

function unreadableBecause(said: string): string {
  if (said.includes('moov atom not found')) {
    return 'it has no header (moov), which recorders write last: it is still growing, or recording or copying was broken off';
  }
  return `FFmpeg cannot read it (${said}); it may be damaged or still being written`;
}

function classifyContainer(path: VirtualPath, media: MediaInfo): Eligibility | undefined {
  const extension = extensionOf(path);
  const wanted = extension === '.mxf' ? 'mxf' : 'mov';
  if (media.format.split(',').includes(wanted)) return undefined;
  return ineligible('wrong-extension', `its name says ${extension} but it is ${media.format}`);
}

function classifyWhole({ incomplete }: MediaInfo): Eligibility | undefined {
  return incomplete === undefined ? undefined : INCOMPLETE[incomplete];
}

const INCOMPLETE: Readonly<Record<Incomplete, Eligibility>> = {
  open: ineligible('open', 'its recorder has not closed it: it is still growing, or recording was broken off'),
  'cut-off': ineligible(
    'cut-off',
    'it is cut off: its header speaks of more than there is, as after a copy that was broken off',
  ),
  elsewhere: ineligible('reference-movie', 'it is a reference movie: its picture or sound lie in another file'),
};

function classifyStreams(media: MediaInfo): Eligibility | undefined {
  const pictures = videos(media);
  const moving = pictures.filter((stream) => !isCoverArt(stream));
  const sounds = media.streams.some((stream) => stream.kind === 'audio');
  if (moving.length === 0 && pictures.length > 0) {
    return ineligible('cover-art', 'its only picture is cover art');
  }
  if (moving.length === 0) {
    return sounds
      ? ineligible('audio-only', 'it has sound but no picture')
      : ineligible('no-video', 'it has neither picture nor sound');
  }
  if (moving.length > 1) {
    return ineligible('several-videos', `it has ${moving.length} picture streams, and a proxy carries one`);
  }
  return undefined;
}

function classifyPicture(video: VideoStream): Eligibility | undefined {
  const size = `${video.width}x${video.height}`;
  if (video.codec === 'unknown' || video.pixelFormat === 'unknown' || video.width === 0 || video.height === 0) {
    const what = video.codecTag === '' ? video.codec : video.codecTag;
    return ineligible('undecodable', `FFmpeg cannot decode its picture (${what})`);
  }
  if (video.pixelFormat === 'pal8') {
    return ineligible('palette', 'its colours are places in a palette, which programs read differently');
  }
  if (video.hasAlpha) return ineligible('alpha', 'it has an alpha channel, which the proxy codecs would lose');
  if (video.width % 2 !== 0 || video.height % 2 !== 0) {
    return ineligible('odd-size', `its picture is ${size}; the proxy codecs need an even width and height`);
  }
  return undefined;
}

function classifyFrames(video: VideoStream): Eligibility | undefined {
  const { frames, frameRate, variableFrameRate, hiddenFrames = 0, ownTimes } = video;
  if (frames === undefined) return { kind: 'unknown', reason: 'its frames have not been counted yet' };
  if (frames === 0) return ineligible('no-frames', 'it has a picture stream without a single frame');
  // The proxy repeats the time of every frame, and the edit list with what it hides.
  if (ownTimes !== undefined && frameRate !== undefined) return undefined;
  if (hiddenFrames > 0) {
    const why = `it stores ${frames + hiddenFrames} frames and shows ${frames}: programs disagree on its length`;
    return ineligible('hidden-frames', `an edit list trims it; ${why}`);
  }
  if (variableFrameRate !== false || frameRate === undefined) {
    return ineligible(
      'variable-frame-rate',
      'its frames lie at no constant rate, and its container does not state the time of each',
    );
  }
  return classifyLength(video, frames, frameRate);
}

/** A header that is longer or shorter than the frames: a held last frame, or a file that was cut off. */
function classifyLength(video: VideoStream, frames: number, rate: Rational): Eligibility | undefined {
  const length = divide(rational(frames), rate);
  const difference = video.duration === undefined ? rational(0) : magnitude(subtract(video.duration, length));
  if (compare(difference, divide(rational(1, 2), rate)) <= 0) return undefined;
  const stated = toNumber(video.duration ?? length).toFixed(3);
  const real = `its ${frames} frames last ${toNumber(length).toFixed(3)} s at ${formatRational(rate)} frames a second`;
  return ineligible('length-mismatch', `its header says ${stated} s, but ${real}; programs disagree on its length`);
}

function videos(media: MediaInfo): VideoStream[] {
  return media.streams.filter((stream): stream is VideoStream => stream.kind === 'video');
}

const isCoverArt = (stream: VideoStream): boolean => stream.dispositions.includes('attached_pic');

function onlyVideo(media: MediaInfo): VideoStream {
  const video = videos(media).find((stream) => !isCoverArt(stream));
  if (video === undefined) throw new Error('invariant violated: streams were classified before the picture');
  return video;
}
