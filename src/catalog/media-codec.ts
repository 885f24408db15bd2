/**
 * Media facts as JSON text and back. Rationals are written as `30000/1001` and undefined as
 * null, so that the decoded value equals the encoded one key by key.
 *
 * The decoder is a table of checks that converts the parsed JSON in place: whole trees of
 * assets are decoded at once, and building every object a second time costs more than reading it.
 */

import { ProxyfsError } from '../base/error.js';
import type {
  AudioStream,
  ColorTags,
  ContainerColor,
  Incomplete,
  MediaInfo,
  MediaStream,
  OtherStream,
  VideoStream,
} from '../probe/media-info.js';
import type { OwnTimes } from '../probe/own-times.js';
import { formatRational, parseRational, type Rational } from '../time/rational.js';

export function encodeMedia(media: MediaInfo): string {
  return toJson(media);
}

/** Also of what is made of media facts. */
export function toJson(facts: object): string {
  return JSON.stringify(facts, (_key, value: unknown) => {
    if (value === undefined) return null;
    return isRational(value) ? formatRational(value) : value;
  });
}

export function decodeMedia(json: string): MediaInfo {
  try {
    return media(JSON.parse(json));
  } catch (error) {
    throw new ProxyfsError(
      'store/damaged',
      `the catalog holds media facts that cannot be read (${error instanceof Error ? error.message : error}): ` +
        'move it away and start again; it is rebuilt from the source tree and the pool',
      { cause: error },
    );
  }
}

function isRational(value: unknown): value is Rational {
  return typeof value === 'object' && value !== null && 'num' in value && typeof value.num === 'bigint';
}

/** Returns the value as what it is to be, or throws. */
type Reader<T> = (value: unknown) => T;

/** Converts the fields of an object in place; the table has to name every field of the type. */
function object<T extends object>(fields: { readonly [K in keyof T]-?: Reader<T[K]> }): Reader<T> {
  const entries = Object.entries(fields) as [string, Reader<unknown>][];
  return (value) => {
    if (!isRecord(value)) throw unexpected('an object', value);
    for (const [key, read] of entries) {
      const field = read(value[key]);
      if (field !== undefined || key in value) value[key] = field;
    }
    return value as T;
  };
}

const orUndefined =
  <T>(read: Reader<T>): Reader<T | undefined> =>
  (value) =>
    value === null ? undefined : read(value);

/** For optional fields: an absent key stays absent, which the type of the object knows and `T` does not. */
const orAbsent =
  <T>(read: Reader<T>): Reader<T> =>
  (value) =>
    (value === undefined ? undefined : read(value)) as T;

function list<T>(read: Reader<T>): Reader<readonly T[]> {
  return (value) => {
    if (!Array.isArray(value)) throw unexpected('a list', value);
    return value.map(read);
  };
}

function primitive<T>(type: 'string' | 'number' | 'boolean'): Reader<T> {
  return (value) => {
    if (typeof value !== type) throw unexpected(`a ${type}`, value);
    return value as T;
  };
}

const text = primitive<string>('string');
const number = primitive<number>('number');
const boolean = primitive<boolean>('boolean');

const tags: Reader<Readonly<Record<string, string>>> = (value) => {
  if (!isRecord(value)) throw unexpected('an object', value);
  for (const key of Object.keys(value)) text(value[key]);
  return value as Record<string, string>;
};

const rational: Reader<Rational> = (value) => {
  const parsed = parseRational(text(value));
  if (parsed === undefined) throw unexpected('a rational number', value);
  return parsed;
};

function literal<T extends string | true>(...values: readonly T[]): Reader<T> {
  return (value) => {
    const found = values.find((candidate) => candidate === value);
    if (found === undefined) throw unexpected(values.join(' or '), value);
    return found;
  };
}

const stream = {
  index: number,
  codec: text,
  codecTag: text,
  duration: orUndefined(rational),
  startTime: orUndefined(rational),
  tags,
  dispositions: list(text),
};

const video = object<VideoStream>({
  ...stream,
  kind: literal('video'),
  width: number,
  height: number,
  pixelFormat: text,
  frameRate: orUndefined(rational),
  averageFrameRate: orUndefined(rational),
  frames: orUndefined(number),
  hiddenFrames: orAbsent(number),
  listedFrames: orAbsent(number),
  variableFrameRate: orUndefined(boolean),
  ownTimes: orAbsent(
    object<OwnTimes>({
      clock: number,
      stored: orUndefined(number),
      length: number,
      counted: orAbsent(number),
      last: number,
      digest: text,
    }),
  ),
  waitInEdit: orAbsent(rational),
  sampleAspect: orUndefined(rational),
  rotation: number,
  fieldOrder: text,
  hasAlpha: boolean,
  color: object<ColorTags>({
    range: orUndefined(text),
    matrix: orUndefined(text),
    primaries: orUndefined(text),
    transfer: orUndefined(text),
  }),
  reservedTags: orAbsent(literal<true>(true)),
  containerColor: orAbsent(object<ContainerColor>({ primaries: number, transfer: number, matrix: number })),
});

const audio = object<AudioStream>({
  ...stream,
  kind: literal('audio'),
  channels: number,
  layout: orUndefined(text),
  sampleRate: number,
  sampleFormat: orUndefined(text),
  bitsPerSample: orUndefined(number),
});

const other = object<OtherStream>({ ...stream, kind: literal('data', 'subtitle', 'attachment', 'unknown') });

const anyStream: Reader<MediaStream> = (value) => {
  if (!isRecord(value)) throw unexpected('an object', value);
  if (value['kind'] === 'video') return video(value);
  return value['kind'] === 'audio' ? audio(value) : other(value);
};

const media = object<MediaInfo>({
  format: text,
  duration: orUndefined(rational),
  streams: list(anyStream),
  timecode: orUndefined(text),
  reel: orUndefined(text),
  tags,
  movieTimescale: orAbsent(number),
  extras: orAbsent(list(text)),
  fragmented: orAbsent(literal<true>(true)),
  incomplete: orAbsent(literal<Incomplete>('open', 'cut-off', 'elsewhere')),
});

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const unexpected = (wanted: string, found: unknown): Error =>
  new Error(`expected ${wanted}, found ${JSON.stringify(found)}`);
