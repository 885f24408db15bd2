/** ffprobe's answer as MediaInfo. Pure. */

import { parseDecimal, parseRational, type Rational } from '../time/rational.js';
import type { FfprobeOutput, FfprobeStream } from './ffprobe-schema.js';
import type { AudioStream, ColorTags, MediaInfo, MediaStream, OtherStream, VideoStream } from './media-info.js';

export function readMediaInfo(output: FfprobeOutput): MediaInfo {
  return {
    format: output.format.format_name,
    duration: decimal(output.format.duration),
    streams: output.streams.map(readStream),
    timecode: firstTag(output, 'timecode'),
    reel: firstTag(output, 'reel_name'),
    tags: output.format.tags,
  };
}

/** The file's own value first, then that of the first stream that has one. */
function firstTag(output: FfprobeOutput, name: string): string | undefined {
  const values = [output.format.tags[name], ...output.streams.map((stream) => stream.tags[name])];
  return values.find((value) => value !== undefined && value !== '');
}

function readStream(stream: FfprobeStream): MediaStream {
  if (stream.codec_type === 'video') return readVideo(stream);
  if (stream.codec_type === 'audio') return readAudio(stream);
  return { ...readBase(stream), kind: otherKind(stream.codec_type) };
}

function readBase(stream: FfprobeStream) {
  return {
    index: stream.index,
    codec: stream.codec_name ?? 'unknown',
    codecTag: (stream.codec_tag_string ?? '').replace(/^\[0\]\[0\]\[0\]\[0\]$/, ''),
    duration: decimal(stream.duration),
    startTime: decimal(stream.start_time),
    tags: stream.tags,
    dispositions: Object.keys(stream.disposition).filter((name) => stream.disposition[name] === 1),
  };
}

function readVideo(stream: FfprobeStream): VideoStream {
  const pixelFormat = stream.pix_fmt ?? 'unknown';
  return {
    ...readBase(stream),
    kind: 'video',
    width: stream.width ?? 0,
    height: stream.height ?? 0,
    pixelFormat,
    frameRate: rate(stream.r_frame_rate),
    averageFrameRate: rate(stream.avg_frame_rate),
    frames: undefined,
    variableFrameRate: undefined,
    sampleAspect: rate(stream.sample_aspect_ratio),
    rotation: stream.side_data_list.find((entry) => entry.rotation !== undefined)?.rotation ?? 0,
    fieldOrder: stream.field_order ?? 'unknown',
    hasAlpha: hasAlphaChannel(pixelFormat) || stream.tags['alpha_mode'] === '1',
    color: readColor(stream),
    ...(hasReservedTags(stream) ? { reservedTags: true } : {}),
  };
}

function hasReservedTags(stream: FfprobeStream): boolean {
  const { color_primaries: primaries, color_transfer: transfer } = stream;
  return primaries === 'reserved' || transfer === 'reserved' || isNoMatrix(stream);
}

/** The code 0, FFmpeg's `gbr`, of a picture that is not RGB: ProRes has it for unspecified. */
function isNoMatrix({ color_space: matrix, pix_fmt: format = '' }: FfprobeStream): boolean {
  return matrix === 'gbr' && /^(yuv|nv\d|p[024]\d|y2|uyvy|yuyv)/.test(format);
}

function readColor(stream: FfprobeStream): ColorTags {
  const known = (value: string | undefined) => (value === 'unknown' || value === 'reserved' ? undefined : value);
  return {
    // The `j` formats are full range by name, also where the tag is missing.
    range: stream.pix_fmt?.startsWith('yuvj') ? 'pc' : known(stream.color_range),
    matrix: isNoMatrix(stream) ? undefined : known(stream.color_space),
    primaries: known(stream.color_primaries),
    transfer: known(stream.color_transfer),
  };
}

function readAudio(stream: FfprobeStream): AudioStream {
  const bits = stream.bits_per_sample || Number(stream.bits_per_raw_sample ?? 0);
  return {
    ...readBase(stream),
    kind: 'audio',
    channels: stream.channels ?? 0,
    layout: stream.channel_layout,
    sampleRate: Number(stream.sample_rate ?? 0),
    sampleFormat: stream.sample_fmt,
    bitsPerSample: bits > 0 ? bits : undefined,
  };
}

function otherKind(kind: string | undefined): OtherStream['kind'] {
  return kind === 'data' || kind === 'subtitle' || kind === 'attachment' ? kind : 'unknown';
}

/** FFmpeg's names of pixel formats with an alpha plane or component. */
function hasAlphaChannel(pixelFormat: string): boolean {
  return /^(yuva|gbrap|ya\d|rgba|argb|bgra|abgr|ayuv|vuya|pal8)/.test(pixelFormat);
}

function decimal(text: string | undefined): Rational | undefined {
  return text === undefined ? undefined : parseDecimal(text);
}

/** `0/0` and `0/1` mean that FFmpeg does not know. */
function rate(text: string | undefined): Rational | undefined {
  const value = text === undefined ? undefined : parseRational(text);
  return value === undefined || value.num <= 0n ? undefined : value;
}
