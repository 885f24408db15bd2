/** Field order, colour range and matrix: what of the picture decides about filters. Pure. */

import type { ColorTags, VideoStream } from '../probe/media-info.js';

export type Fields = 'progressive' | 'top-first' | 'bottom-first';

/**
 * Which field is shown first. FFmpeg's two letters are the field stored first and
 * the field shown first; only the second is seen.
 */
export function fieldsOf(video: VideoStream): Fields {
  if (video.fieldOrder === 'tt' || video.fieldOrder === 'bt') return 'top-first';
  if (video.fieldOrder === 'bb' || video.fieldOrder === 'tb') return 'bottom-first';
  return 'progressive';
}

export function isFullRange(video: VideoStream): boolean {
  return video.color.range === 'pc' || isRgb(video);
}

export function isRgb(video: VideoStream): boolean {
  return /^(rgb|bgr|gbr|0rgb|0bgr|x2rgb|x2bgr)/.test(video.pixelFormat);
}

/** The tags of a proxy that keeps the range where its codec can say so, and is limited range where it cannot. */
export function proxyColor(video: VideoStream, keepsFullRange: boolean): ColorTags {
  return {
    range: isFullRange(video) && keepsFullRange ? 'pc' : 'tv',
    matrix: isRgb(video) ? matrixForRgb(video) : video.color.matrix,
    primaries: video.color.primaries,
    transfer: video.color.transfer,
  };
}

/** Players take untagged pictures for BT.709 from 720 lines on and for BT.601 below. */
export function matrixForRgb(video: VideoStream): string {
  return video.height >= 720 ? 'bt709' : 'smpte170m';
}
