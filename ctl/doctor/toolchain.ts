/** FFmpeg and the encoders that the profiles use. */

import { toProxyfsError } from '../../src/base/error.js';
import { locateFfmpeg, type Toolchain } from '../../src/ffmpeg/toolchain.js';
import { encodersOf } from '../../src/profiles/essences.js';
import { listProfiles, type Profile } from '../../src/profiles/profiles.js';
import { type Check, fail, ok, warn } from './check.js';

export async function checkFfmpeg(env: Readonly<Record<string, string | undefined>>): Promise<readonly Check[]> {
  try {
    const toolchain = await locateFfmpeg({ env });
    return [
      ok('FFmpeg', `${toolchain.version} at ${toolchain.ffmpeg}`),
      ok('ffprobe', toolchain.ffprobe),
      ...listProfiles()
        .filter(({ engine }) => engine === 'ffmpeg')
        .map((profile) => checkProfile(profile, toolchain)),
    ];
  } catch (error) {
    const { message } = toProxyfsError(error);
    return [fail('FFmpeg', message, 'without it masters are served, and no proxy can be made')];
  }
}

/** A profile lacks what has none of its encoders, or no muxer. */
export function checkProfile(profile: Profile, { encoders }: Pick<Toolchain, 'encoders'>): Check {
  const name = `profile ${profile.name}`;
  const targets = Object.entries(profile.targets);
  const lacking = targets.filter(
    ([, { muxer, video }]) =>
      !encoders.muxers.has(muxer) || !encodersOf(video).some((encoder) => encoders.encoders.has(encoder)),
  );
  if (lacking.length === 0) return ok(name, `can be made: ${profile.summary}`);
  const extensions = lacking.map(([extension]) => extension).join(', ');
  const wanted = new Set(lacking.map(([, { muxer, video }]) => `${encodersOf(video).join(' or ')} in ${muxer}`));
  const finding = `no proxies for ${extensions}: this FFmpeg lacks ${[...wanted].join('; ')}`;
  const wayOut = "install a complete FFmpeg (Debian, Ubuntu: 'apt-get install ffmpeg') or name one with FFMPEG_PATH";
  return lacking.length === targets.length ? fail(name, finding, wayOut) : warn(name, finding, wayOut);
}
