/**
 * What the header of a proxy has to say of its picture because that of the master does, and
 * FFmpeg's muxers do not: colours where the bitstream has none or others, and which field is
 * stored first where the codec only knows which is shown first. Pure.
 */

import { essenceOf } from './essences.js';
import { fieldsOf, isRgb } from './geometry.js';
import type { Plan } from './plan.js';
import type { PictureDescription } from './recipe.js';

/** Undefined where FFmpeg's header says it all. */
export function descriptionOf(plan: Plan): PictureDescription | undefined {
  if (plan.target.muxer === 'mxf') return undefined;
  const [color, fieldOrder] = [colorOf(plan), fieldOrderOf(plan)];
  if (color === undefined && fieldOrder === undefined) return undefined;
  return { ...(color === undefined ? {} : { color }), ...(fieldOrder === undefined ? {} : { fieldOrder }) };
}

/** Pictures that are converted have the tags of what they become. */
function colorOf({ video, look }: Plan): PictureDescription['color'] {
  return look === undefined && !isRgb(video) ? video.containerColor : undefined;
}

function fieldOrderOf(plan: Plan): string | undefined {
  const { fieldOrder } = plan.video;
  const isStated = essenceOf(plan).codec !== 'h264' || fieldsOf(plan.video) === 'progressive';
  return isStated || fieldOrder === 'tt' || fieldOrder === 'bb' ? undefined : fieldOrder;
}
