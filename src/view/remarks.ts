/**
 * What an editor should know of a clip beside the decision itself: what its proxy leaves
 * out, and in which curve the camera recorded. One sentence each. Pure.
 */

import type { MediaInfo } from '../probe/media-info.js';

/** `sidecar`: the camera's XML beside the clip, where there is one. */
export function remarksOn(
  media: MediaInfo,
  sidecar: string | undefined,
  look: AppliedLook | undefined = undefined,
): readonly string[] {
  const curve = cameraCurve(media, sidecar);
  const { extras = [] } = media;
  return [
    ...(extras.length === 0 ? [] : [`Only the master has: ${extras.join(', ')}.`]),
    ...(curve === undefined && look === undefined ? [] : [curveAndLook(curve, look)]),
  ];
}

/** The look of the profile that is served. */
export interface AppliedLook {
  readonly name: string;
  readonly output: string;
}

function curveAndLook(curve: string | undefined, look: AppliedLook | undefined): string {
  if (look === undefined) {
    return isLog(curve)
      ? `The camera recorded ${curve}; no look is baked into the proxy, so it shows the flat picture that the grade begins with.`
      : `The camera recorded ${curve}; no look is baked into the proxy.`;
  }
  const applied = `The look '${look.name}' is baked into the proxy, whose colours are ${look.output.toUpperCase()}`;
  if (curve === undefined) return `${applied}; no metadata says in which curve the camera recorded.`;
  if (isLog(curve)) {
    return `The camera recorded ${curve}. ${applied}: a grade of the log picture would be applied a second time on top of it.`;
  }
  return `The camera recorded ${curve}, which is no log curve. ${applied}: it may have been applied twice.`;
}

/** The names that makers give to their logarithmic curves: S-Log3, LogC, V-Log, C-Log, F-Log, D-Log, N-Log, Log3G10. */
function isLog(curve: string | undefined): boolean {
  return curve !== undefined && /log|film ?gen|bmdfilm|protune|flat/i.test(curve);
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
