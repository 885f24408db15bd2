/**
 * Compares what Resolve rendered with what is known of its master. Of camera RAW FFmpeg
 * knows nothing: then the file has to be whole and of the profile's codec, and no more is said.
 */

import { ProxyfsError } from '../base/error.js';
import type { RealPath } from '../base/paths.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import type { MediaInfo, VideoStream } from '../probe/media-info.js';
import { probeMedia } from '../probe/probe.js';
import { codecOf } from '../profiles/essences.js';
import type { Profile } from '../profiles/profile.js';
import { formatRational, rational } from '../time/rational.js';
import { decodeChecks } from '../validate/decode.js';
import { placesAtRate } from '../validate/frame-places.js';
import type { ValidationCheck, ValidationReport } from '../validate/report.js';

export interface RenderToValidate {
  readonly profile: Profile;
  readonly master: MediaInfo | undefined;
  readonly file: RealPath;
  readonly signal: AbortSignal;
}

/** Rejects with 'job/cancelled' or what has nothing to do with the file. */
export async function validateRender(toolchain: Toolchain, render: RenderToValidate): Promise<ValidationReport> {
  try {
    const checks = await checksOf(toolchain, render);
    return { ok: checks.every(({ ok }) => ok), checks };
  } catch (error) {
    const isTheFile = error instanceof ProxyfsError && /^(ffprobe|ffmpeg)\/(failed|garbage)$/.test(error.code);
    if (render.signal.aborted || !isTheFile) throw error;
    return { ok: false, checks: [equal('finished file', 'a readable proxy', error.message)] };
  }
}

async function checksOf(toolchain: Toolchain, { profile, master, file, signal }: RenderToValidate) {
  const made = await probeMedia(toolchain, file, { signal, count: true });
  const [video, original] = [pictureOf(made), master === undefined ? undefined : pictureOf(master)];
  const [target] = Object.values(profile.targets);
  const checks = [equal('video codec', target === undefined ? 'none' : codecOf(target.video), video?.codec ?? 'none')];
  const { frames = 0, frameRate: rate } = video ?? {};
  if (original === undefined) checks.push({ ...equal('frame count', 'some', String(frames)), ok: frames > 0 });
  if (original !== undefined) {
    checks.push(equal('frame count', String(original.frames), String(frames)));
    const said = (value: VideoStream['frameRate']) => (value === undefined ? 'unknown' : formatRational(value));
    checks.push(equal('frame rate', said(original.frameRate), said(rate)));
    checks.push(equal('timecode', master?.timecode ?? 'none', made.timecode ?? 'none'));
  }
  if (frames === 0 || rate === undefined) return checks;
  return [
    ...checks,
    ...(await decodeChecks(toolchain, { file, places: placesAtRate(frames, rate, rational(0)), signal })),
  ];
}

const equal = (field: string, expected: string, found: string): ValidationCheck => {
  return { field, expected, found, ok: expected === found };
};

function pictureOf(media: MediaInfo): VideoStream | undefined {
  return media.streams.find((stream): stream is VideoStream => stream.kind === 'video');
}
