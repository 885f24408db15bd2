/**
 * Whether two small RGB pictures show the same thing: brightness first, since that tells
 * frames apart, then colour, since a picture may be green with every grey level right. Pure.
 */

export const PICTURE_WIDTH = 160;
export const PICTURE_HEIGHT = 90;
const PIXELS = PICTURE_WIDTH * PICTURE_HEIGHT;
export const PICTURE_BYTES = PIXELS * 3;

/** Proxy codecs stay above 30 dB at this size; another picture stays below 20. */
const LEAST_DECIBELS = 22;
/** Of the colour differences: 4:2:0 stays above 28 dB on test patterns, and every codec on footage. */
const LEAST_COLOR_DECIBELS = 22;
/** Levels of 255 by which the mean colour may be off: codecs stay below 1, a swapped matrix or a cast does not. */
const LARGEST_CAST = 5;
/** By how much a neighbour must fit better before the proxy is off by a frame: still pictures fit alike. */
const MARGIN_DECIBELS = 1;

/**
 * What is wrong with a picture, undefined when nothing is. `originals` are the master's
 * frames around it, `own` the place among them of the frame with the same number.
 */
export function judgePictures(
  copy: Uint8Array | undefined,
  originals: readonly Uint8Array[],
  own: number,
): string | undefined {
  const original = originals[own];
  if (copy === undefined || original === undefined) return `no picture in the ${copy ? 'master' : 'proxy'}`;
  const [shown, wanted] = [planesOf(copy), originals.map(planesOf)];
  const fits = wanted.map(({ luma }) => decibels([shown.luma], [luma]));
  const fit = fits[own] ?? 0;
  const best = fits.indexOf(Math.max(...fits));
  if ((fits[best] ?? 0) > fit + MARGIN_DECIBELS) {
    return `that of the frame ${best < own ? 'before' : 'after'} (${fits[best]?.toFixed(1)} dB, not ${fit.toFixed(1)} dB)`;
  }
  if (fit < LEAST_DECIBELS) return `another picture (${fit.toFixed(1)} dB)`;
  return judgeColor(shown, wanted[own] ?? shown);
}

function judgeColor(shown: Planes, wanted: Planes): string | undefined {
  const fit = decibels([shown.blue, shown.red], [wanted.blue, wanted.red]);
  const cast = Math.max(Math.abs(mean(shown.blue) - mean(wanted.blue)), Math.abs(mean(shown.red) - mean(wanted.red)));
  if (fit >= LEAST_COLOR_DECIBELS && cast <= LARGEST_CAST) return undefined;
  return `other colours (${fit.toFixed(1)} dB, a cast of ${cast.toFixed(1)} levels)`;
}

interface Planes {
  readonly luma: Float32Array;
  /** The colour differences. */
  readonly blue: Float32Array;
  readonly red: Float32Array;
}

/** By BT.709, whatever the pictures were stored with: both have become RGB. */
function planesOf(rgb: Uint8Array): Planes {
  const planes = { luma: new Float32Array(PIXELS), blue: new Float32Array(PIXELS), red: new Float32Array(PIXELS) };
  for (let pixel = 0; pixel < PIXELS; pixel++) {
    const [r = 0, g = 0, b = 0] = [rgb[3 * pixel], rgb[3 * pixel + 1], rgb[3 * pixel + 2]];
    const luma = 0.2126 * r + 0.7152 * g + 0.0722 * b;
    planes.luma[pixel] = luma;
    planes.blue[pixel] = (b - luma) / 1.8556;
    planes.red[pixel] = (r - luma) / 1.5748;
  }
  return planes;
}

/** Peak signal-to-noise ratio, 100 for equal pictures. */
function decibels(a: readonly Float32Array[], b: readonly Float32Array[]): number {
  let sum = 0;
  a.forEach((plane, index) => {
    const other = b[index];
    for (let at = 0; at < PIXELS; at++) sum += ((plane[at] ?? 0) - (other?.[at] ?? 0)) ** 2;
  });
  return sum === 0 ? 100 : Math.min(100, 10 * Math.log10((255 * 255 * PIXELS * a.length) / sum));
}

function mean(plane: Float32Array): number {
  return plane.reduce((sum, value) => sum + value, 0) / PIXELS;
}
