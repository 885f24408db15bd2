/**
 * Which clips are alike: clips of one camera differ in length, timecode and dates. Their kind is a
 * hash of everything else that is known of them, also of what is not known of here; of tags it has no
 * more than their names and titles. Pure.
 *
 * A kind is kept beside the facts, and lasts: when it is made in another way, `VERSION` counts up, and
 * what was kept before says nothing any more.
 */

import { blake3Of } from '../fingerprint/blake3.js';
import type { MediaInfo } from '../probe/media-info.js';
import { toJson } from './media-codec.js';

/** What a recipe says word by word, and nothing follows from. */
export interface Labels {
  readonly timecode: string | null;
  readonly reel: string | null;
  readonly created: string | null;
}

export interface Likeness {
  readonly kind: string;
  readonly labels: Labels;
}

const VERSION = '1:';
/** Of 64 hex digits: two kinds of a project that share them are not to be expected. */
const DIGITS = 32;
const NO_LENGTH = { duration: undefined, frames: undefined };

export function likenessOf(media: MediaInfo): Likeness {
  const { timecode, reel, tags } = media;
  const labels = { timecode: timecode ?? null, reel: reel ?? null, created: tags['creation_time'] ?? null };
  return { kind: VERSION + blake3Of(toJson(withoutLength(media))).slice(0, DIGITS), labels };
}

/** Whether this version of proxyfs made it. */
export const isOfThisVersion = (kind: string): boolean => kind.startsWith(VERSION);

function withoutLength(media: MediaInfo): object {
  const { reel, tags, timecode } = media;
  const streams = media.streams.map((stream) => ({
    ...{ ...stream, ...NO_LENGTH },
    isCounted: 'frames' in stream && Boolean(stream.frames),
    tags: stream.tags['title'],
  }));
  const labels = { timecode: isThere(timecode), reel: isThere(reel), created: isThere(tags['creation_time']) };
  return { ...media, ...NO_LENGTH, streams, ...labels, tags: Object.keys(tags) };
}

/** undefined, or empty, or there. */
const isThere = (label: string | undefined): string | boolean | undefined => label && true;
