/**
 * SMPTE timecode for exact rational frame rates, drop-frame included.
 *
 * A timecode is a label for a frame number, not a time: it counts in the nominal
 * rate (30 for 30000/1001). Drop-frame skips labels, never frames: two per minute
 * for every 30 nominal frames, except in each tenth minute. Pure.
 */

import { ProxyfsError } from '../base/error.js';
import { compare, formatRational, type Rational, rational } from './rational.js';

export interface Timecode {
  readonly hours: number;
  readonly minutes: number;
  readonly seconds: number;
  readonly frames: number;
  readonly dropFrame: boolean;
}

/** Parses `HH:MM:SS:FF`; `;` or `.` before the frames means drop-frame. Frames may have three digits. */
export function parseTimecode(text: string): Timecode | undefined {
  const match = /^(\d{2}):(\d{2}):(\d{2})([:;.])(\d{2,3})$/.exec(text.trim());
  if (match === null) return undefined;
  const [hours, minutes, seconds, frames] = [match[1], match[2], match[3], match[5]].map(Number);
  if (hours === undefined || minutes === undefined || seconds === undefined || frames === undefined) return undefined;
  if (hours > 23 || minutes > 59 || seconds > 59) return undefined;
  return { hours, minutes, seconds, frames, dropFrame: match[4] !== ':' };
}

/** `01:00:00;02`; above 100 frames a second the frames have three digits, as FFmpeg writes them. */
export function formatTimecode(timecode: Timecode, rate: Rational): string {
  const two = (value: number) => String(value).padStart(2, '0');
  const frames = String(timecode.frames).padStart(nominalRate(rate) > 100 ? 3 : 2, '0');
  const separator = timecode.dropFrame ? ';' : ':';
  return `${two(timecode.hours)}:${two(timecode.minutes)}:${two(timecode.seconds)}${separator}${frames}`;
}

/** Frames that a timecode counts per second: 24 for 24000/1001, 60 for 60000/1001. */
export function nominalRate(rate: Rational): number {
  return Number((rate.num * 2n + rate.den) / (rate.den * 2n));
}

/** Drop-frame exists for multiples of 30000/1001 only (29.97, 59.94, 119.88). */
export function canDropFrame(rate: Rational): boolean {
  const nominal = nominalRate(rate);
  return nominal % 30 === 0 && nominal > 0 && compare(rate, rational(nominal * 1000, 1001)) === 0;
}

/** The number of frames since 00:00:00:00. Throws 'request/invalid' for labels that do not exist at this rate. */
export function frameNumber(timecode: Timecode, rate: Rational): number {
  const nominal = nominalRate(rate);
  assertLabel(timecode, rate, nominal);
  const minutes = timecode.hours * 60 + timecode.minutes;
  const labels = (minutes * 60 + timecode.seconds) * nominal + timecode.frames;
  return timecode.dropFrame ? labels - droppedPerMinute(nominal) * (minutes - Math.floor(minutes / 10)) : labels;
}

/** The timecode of a frame number; wraps at 24 hours, also for negative numbers. */
export function timecodeAt(frame: number, rate: Rational, dropFrame: boolean): Timecode {
  if (dropFrame && !canDropFrame(rate))
    throw invalid(`${formatRational(rate)} frames a second has no drop-frame count`);
  const nominal = nominalRate(rate);
  const day = framesPerDay(nominal, dropFrame);
  const wrapped = ((frame % day) + day) % day;
  const label = dropFrame ? labelOfFrame(wrapped, nominal) : wrapped;
  const seconds = Math.floor(label / nominal);
  return {
    hours: Math.floor(seconds / 3600),
    minutes: Math.floor(seconds / 60) % 60,
    seconds: seconds % 60,
    frames: label % nominal,
    dropFrame,
  };
}

function assertLabel(timecode: Timecode, rate: Rational, nominal: number): void {
  if (timecode.frames >= nominal) {
    throw invalid(`frame ${timecode.frames} does not exist at ${formatRational(rate)} frames a second`);
  }
  if (!timecode.dropFrame) return;
  if (!canDropFrame(rate)) throw invalid(`${formatRational(rate)} frames a second has no drop-frame count`);
  const dropped = timecode.seconds === 0 && timecode.minutes % 10 !== 0 && timecode.frames < droppedPerMinute(nominal);
  if (dropped) throw invalid(`${formatTimecode(timecode, rate)} is one of the labels that drop-frame leaves out`);
}

function framesPerDay(nominal: number, dropFrame: boolean): number {
  const labels = 86_400 * nominal;
  return dropFrame ? labels - droppedPerMinute(nominal) * (1440 - 144) : labels;
}

/** Puts the skipped labels back: a ten-minute block has one full minute and nine short ones. */
function labelOfFrame(frame: number, nominal: number): number {
  const drop = droppedPerMinute(nominal);
  const shortMinute = 60 * nominal - drop;
  const block = shortMinute * 10 + drop;
  const inBlock = frame % block;
  const shortMinutes = inBlock < 60 * nominal ? 0 : 1 + Math.floor((inBlock - 60 * nominal) / shortMinute);
  return frame + drop * (Math.floor(frame / block) * 9 + shortMinutes);
}

function droppedPerMinute(nominal: number): number {
  return (nominal / 30) * 2;
}

function invalid(message: string): ProxyfsError {
  return new ProxyfsError('request/invalid', message);
}
