/**
 * Media facts as JSON text and back. Rationals are written as `30000/1001`, and what is
 * undefined as null, so that the decoded value equals the encoded one key by key.
 */

import { z } from 'zod';
import { ProxyfsError } from '../base/error.js';
import type { MediaInfo } from '../probe/media-info.js';
import { formatRational, parseRational, type Rational } from '../time/rational.js';

export function encodeMedia(media: MediaInfo): string {
  return JSON.stringify(media, (_key, value: unknown) => {
    if (value === undefined) return null;
    return isRational(value) ? formatRational(value) : value;
  });
}

export function decodeMedia(text: string): MediaInfo {
  try {
    return mediaSchema.parse(JSON.parse(text));
  } catch (error) {
    throw new ProxyfsError(
      'store/damaged',
      'the catalog holds media facts that cannot be read: move the catalog away and start again; ' +
        'it is rebuilt from the source tree and the pool',
      { cause: error },
    );
  }
}

function isRational(value: unknown): value is Rational {
  return typeof value === 'object' && value !== null && 'num' in value && typeof value.num === 'bigint';
}

function orUndefined<T extends z.ZodType>(schema: T) {
  return schema.nullable().transform((value): z.output<T> | undefined => value ?? undefined);
}

const rationalText = z.string().transform((text, context): Rational => {
  const value = parseRational(text);
  if (value !== undefined) return value;
  context.addIssue({ code: 'custom', message: `'${text}' is not a rational number` });
  return z.NEVER;
});

const text = orUndefined(z.string());
const tags = z.record(z.string(), z.string());
const stream = {
  index: z.number(),
  codec: z.string(),
  codecTag: z.string(),
  duration: orUndefined(rationalText),
  startTime: orUndefined(rationalText),
  tags,
  dispositions: z.array(z.string()),
};

const videoSchema = z.object({
  ...stream,
  kind: z.literal('video'),
  width: z.number(),
  height: z.number(),
  pixelFormat: z.string(),
  frameRate: orUndefined(rationalText),
  averageFrameRate: orUndefined(rationalText),
  frames: orUndefined(z.number()),
  variableFrameRate: orUndefined(z.boolean()),
  sampleAspect: orUndefined(rationalText),
  rotation: z.number(),
  fieldOrder: z.string(),
  hasAlpha: z.boolean(),
  color: z.object({ range: text, matrix: text, primaries: text, transfer: text }),
});

const audioSchema = z.object({
  ...stream,
  kind: z.literal('audio'),
  channels: z.number(),
  layout: text,
  sampleRate: z.number(),
  sampleFormat: text,
  bitsPerSample: orUndefined(z.number()),
});

const otherSchema = z.object({ ...stream, kind: z.enum(['data', 'subtitle', 'attachment', 'unknown']) });

const mediaSchema = z.object({
  format: z.string(),
  duration: orUndefined(rationalText),
  streams: z.array(z.discriminatedUnion('kind', [videoSchema, audioSchema, otherSchema])),
  timecode: text,
  reel: text,
  tags,
});
