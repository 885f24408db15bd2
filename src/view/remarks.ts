/**
 * What an editor should know of a clip beside the decision itself: what its proxy leaves
 * out, and in which curve the camera recorded. One sentence each. Pure.
 */

import type { MediaInfo } from '../probe/media-info.js';

/** `stated`: the curve that the camera's own metadata names, where FFmpeg does not read it. */
export function remarksOn(
  media: MediaInfo,
  stated: string | undefined,
  look: AppliedLook | undefined = undefined,
): readonly string[] {
  const curve = cameraCurve(media, stated);
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

/** Undefined when nothing names one. Guessing from pictures is left to people. */
export function cameraCurve(media: MediaInfo, stated: string | undefined): string | undefined {
  if (stated !== undefined) return stated;
  const tags = [media.tags, ...media.streams.map((stream) => stream.tags)].flatMap((all) => Object.entries(all));
  return tags.find(([name, value]) => CURVE_TAG.test(name) && value.trim() !== '')?.[1].trim();
}
