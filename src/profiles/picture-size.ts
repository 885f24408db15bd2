/**
 * How large the picture of a proxy is. Never enlarged, always even, always the master's
 * size through a whole number: then the shape of the picture is exact. Pure.
 */

export type PictureSize =
  | { readonly kind: 'source' }
  | { readonly kind: 'divided'; readonly by: number }
  /** As near to this many lines as a whole divisor comes, and not below. Of upright pictures the width counts. */
  | { readonly kind: 'lines'; readonly lines: number };

export interface Dimensions {
  readonly width: number;
  readonly height: number;
}

export const SOURCE_SIZE: PictureSize = { kind: 'source' };

/** Coarser than this no editor would recognise a shot. */
const LARGEST_DIVISOR = 16;

export interface SizeRule {
  /** The smallest picture that the codec makes. */
  readonly smallest: Dimensions;
  /** Chroma of interlaced 4:2:0 needs two lines of each field. */
  readonly heightMultiple: number;
}

/**
 * The divisor of both sides: the one asked for, or the next smaller one that divides the
 * picture exactly (999 lines have no half). 1 leaves the picture as it is.
 */
export function divisorFor(size: PictureSize, picture: Dimensions, rule: SizeRule): number {
  if (size.kind === 'source') return 1;
  for (let divisor = largestWanted(size, picture); divisor > 1; divisor -= 1) {
    if (isExact(picture, divisor, rule)) return divisor;
  }
  return 1;
}

function largestWanted(size: Exclude<PictureSize, { kind: 'source' }>, { width, height }: Dimensions): number {
  const wanted = size.kind === 'divided' ? size.by : Math.floor(Math.min(width, height) / size.lines);
  return Math.min(LARGEST_DIVISOR, wanted);
}

function isExact(picture: Dimensions, divisor: number, { smallest, heightMultiple }: SizeRule): boolean {
  const width = picture.width / divisor;
  const height = picture.height / divisor;
  const whole = Number.isInteger(width / 2) && Number.isInteger(height / heightMultiple);
  return whole && width >= smallest.width && height >= smallest.height;
}

/** `source`, `half`, `1/3` or `540 lines`. */
export function describeSize(size: PictureSize): string {
  if (size.kind === 'source') return 'source';
  if (size.kind === 'lines') return `${size.lines} lines`;
  return { 2: 'half', 4: 'quarter' }[size.by] ?? `1/${size.by}`;
}
