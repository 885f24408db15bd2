/**
 * What an editor should know of a clip beside the decision itself: what its proxy leaves
 * out, and in which curve the camera recorded. One sentence each. Pure.
 */

import type { MediaInfo } from '../probe/media-info.js';

/** `sidecar`: the camera's XML beside the clip, where there is one. */
export function remarksOn(media: MediaInfo, sidecar: string | undefined): readonly string[] {
  const curve = cameraCurve(media, sidecar);
  const { extras = [] } = media;
  return [
    ...(extras.length === 0 ? [] : [`Only the master has: ${extras.join(', ')}.`]),
    ...(curve === undefined ? [] : [`The camera recorded ${curve}; no look is baked into the proxy.`]),
  ];
}

/** Keys under which cameras name their curve in QuickTime and MP4 metadata. */
const CURVE_TAG = /(gamma|logidentifier|transfercharacteristic|colorspacename|capturegamma|log_?curve)/i;

/** As the file or its sidecar states it; undefined when nothing does. Guessing from pictures is left to people. */
export function cameraCurve(media: MediaInfo, sidecar: string | undefined): string | undefined {
  const written = sidecar === undefined ? undefined : sonyGamma(sidecar);
  if (written !== undefined) return written;
  const tags = [media.tags, ...media.streams.map((stream) => stream.tags)].flatMap((all) => Object.entries(all));
  return tags.find(([name, value]) => CURVE_TAG.test(name) && value.trim() !== '')?.[1].trim();
}

/** Sony's non-real-time metadata: `<Item name="CaptureGammaEquation" value="s-log3-cine"/>`. */
function sonyGamma(xml: string): string | undefined {
  const item = /<Item\b[^>]*\bname="CaptureGammaEquation"[^>]*>/i.exec(xml)?.[0];
  return item === undefined ? undefined : /\bvalue="([^"]+)"/i.exec(item)?.[1];
}
