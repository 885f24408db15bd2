/**
 * The arguments that carry the sound. Copied wherever the container takes it: the same
 * samples, the same length, the same channel labels. Pure.
 */

import type { AudioStream } from '../probe/media-info.js';
import { divide, multiply, type Rational, rational, subtract, toNumber } from '../time/rational.js';
import { option, type Plan, Refusal } from './plan.js';
import type { RecipeArgument } from './recipe.js';

const PCM = /^pcm_(s16|s24|s32|f32|f64)(le|be)$|^pcm_(u8|s8|mulaw|alaw)$/;
/** Compressed sound that FFmpeg's muxers take as it is. */
const COPIED_IN_MP4 = ['aac', 'ac3', 'eac3', 'mp3', 'alac', 'opus'];
const COPIED_IN_MOV = ['aac', 'ac3', 'mp3', 'alac', 'adpcm_ima_qt'];
const MXF_SAMPLE_RATE = 48_000;
const AAC_CHANNELS = [1, 2, 6, 8];

/** Throws a Refusal where the container cannot hold an equal sound. */
export function audioArguments(plan: Plan): RecipeArgument[] {
  const words = plan.audio.flatMap((stream, position) => {
    if (stream.codec === 'unknown' || stream.channels === 0) {
      throw new Refusal('audio-codec', `sound stream ${stream.index} is in a format that FFmpeg does not know`);
    }
    return [...streamArguments(plan, stream, position), dispositionArgument(stream, position)];
  });
  return words;
}

function streamArguments(plan: Plan, stream: AudioStream, position: number): RecipeArgument[] {
  if (plan.target.muxer === 'mxf') return mxfArguments(plan, stream, position);
  if (isCopied(stream, plan.target.muxer))
    return [option('the same samples and length as the master', `-c:a:${position}`, 'copy')];
  const encoder = plan.target.muxer === 'mov' ? ['pcm_s24le'] : aacEncoder(stream);
  const why = `${plan.target.muxer.toUpperCase()} does not take ${stream.codec}`;
  return [
    option(why, `-c:a:${position}`, ...encoder),
    exactLength(position, samplesOf(lengthOf(plan, stream), stream.sampleRate)),
  ];
}

/** Whether the container takes this sound as it is, packet by packet. */
export function isCopied({ codec }: Pick<AudioStream, 'codec'>, muxer: Plan['target']['muxer']): boolean {
  if (muxer === 'mp4') return COPIED_IN_MP4.includes(codec);
  return muxer === 'mov' && (PCM.test(codec) || COPIED_IN_MOV.includes(codec));
}

function aacEncoder(stream: AudioStream): string[] {
  if (!AAC_CHANNELS.includes(stream.channels) || stream.sampleRate > 96_000) {
    const what = `sound stream ${stream.index} (${stream.codec}, ${stream.channels} channels, ${stream.sampleRate} Hz)`;
    throw new Refusal('audio-codec', `${what} can neither be copied to MP4 nor be made AAC`);
  }
  return ['aac', '-b:a', `${128 * Math.max(1, stream.channels)}k`];
}

/** The MXF muxer ends the file with its shortest stream: every sound gets exactly the length of the picture. */
function mxfArguments(plan: Plan, stream: AudioStream, position: number): RecipeArgument[] {
  if (stream.sampleRate !== MXF_SAMPLE_RATE) {
    const why = `sound stream ${stream.index} has ${stream.sampleRate} Hz: an MXF proxy can only have 48000 Hz`;
    throw new Refusal('audio-rate', why);
  }
  const picture = divide(rational(plan.frames), plan.rate);
  const difference = stream.duration === undefined ? rational(0) : subtract(stream.duration, picture);
  if (Math.abs(toNumber(multiply(difference, plan.rate))) > 1) {
    throw new Refusal('audio-length', `sound stream ${stream.index} and the picture differ in length by over a frame`);
  }
  const encoder = stream.codec === 'pcm_s16le' || stream.codec === 'pcm_s16be' ? 'pcm_s16le' : 'pcm_s24le';
  return [
    option('MXF carries linear PCM', `-c:a:${position}`, encoder),
    exactLength(position, samplesOf(picture, stream.sampleRate)),
  ];
}

function lengthOf(plan: Plan, stream: AudioStream): Rational {
  return stream.duration ?? divide(rational(plan.frames), plan.rate);
}

/** Rounded up: a sample less would make the MXF muxer drop the last frame. */
function samplesOf(length: Rational, sampleRate: number): number {
  const exact = multiply(length, rational(sampleRate));
  return Number((exact.num + exact.den - 1n) / exact.den);
}

function exactLength(position: number, samples: number): RecipeArgument {
  const filter = `apad=whole_len=${samples},atrim=end_sample=${samples}`;
  return option('exact length in samples', `-filter:a:${position}`, filter);
}

/** QuickTime readers leave a track silent that is not enabled; FFmpeg enables only the first by itself. */
function dispositionArgument(stream: AudioStream, position: number): RecipeArgument {
  const value = stream.dispositions.length === 0 ? '0' : stream.dispositions.join('+');
  return option('track flags of the master', `-disposition:a:${position}`, value);
}
