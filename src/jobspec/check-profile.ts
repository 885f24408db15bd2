/**
 * Does the spec's profile exist, and do codec, container, resolution and preset agree
 * with it? Pure. What a set makes depends on the clip, and is compared clip by clip.
 */

import { ProxyfsError } from '../base/error.js';
import { nearestName } from '../base/nearest.js';
import { codecOf } from '../profiles/essences.js';
import type { Profile, VideoEssence } from '../profiles/profile.js';
import { findProfile, listProfiles } from '../profiles/profiles.js';
import type { Draft } from './parse-spec.js';
import { shortened, type Violation } from './violation.js';

export interface CheckedProfile {
  /** undefined: missing or unknown, which is said. */
  readonly profile: Profile | undefined;
  /** Of a spec without a profile: which ones agree with the rest of it. None is taken. */
  readonly hint?: string | undefined;
  readonly violations: readonly Violation[];
}

/** How specs name what profiles make, the most exact name first. */
const CODEC_NAMES: Readonly<Record<VideoEssence, readonly string[]>> = {
  'prores-proxy': ['prores_proxy', 'prores_422_proxy', 'prores'],
  'prores-lt': ['prores_lt', 'prores_422_lt', 'prores'],
  'prores-hq': ['prores_hq', 'prores_422_hq', 'prores'],
  'dnxhr-lb': ['dnxhr_lb', 'dnxhr'],
  'dnxhr-sq': ['dnxhr_sq', 'dnxhr'],
  'h264-intra': ['h264'],
  'mpeg2-intra': ['mpeg2'],
};

export function checkProfile(draft: Draft): CheckedProfile {
  const name = draft.proxy_profile;
  if (name === undefined) return { profile: undefined, hint: fittingProfiles(draft), violations: [] };
  try {
    const profile = findProfile(name);
    if (profile.look !== undefined) return { profile: undefined, violations: [hasLook(name)] };
    return { profile, violations: [...contradictions(profile, draft), ...checkPreset(profile, draft)] };
  } catch (error) {
    if (!(error instanceof ProxyfsError)) throw error;
    return { profile: undefined, violations: [{ pointer: '/proxy_profile', message: unknownProfile(name, error) }] };
  }
}

/** The essence that the finished file of one clip has: of a set it depends on the picture. */
export function contradictionsOfClip(
  profile: Profile,
  draft: Draft,
  made: { readonly source: string; readonly extension: string; readonly videoCodec: string },
): Violation[] {
  if (profile.kind === 'format') return [];
  const target = profile.targets[made.extension];
  if (target === undefined) return [];
  const possible = [target.video, ...(target.otherwise === undefined ? [] : [target.otherwise]), 'h264-intra'] as const;
  const essence = possible.find((video) => codecOf(video) === made.videoCodec) ?? target.video;
  const of = ` of '${made.source}'`;
  return [
    ...compareCodec(profile, draft.codec, essence, of),
    ...compareContainer(profile, draft.container, target.muxer, of),
  ];
}

function contradictions(profile: Profile, draft: Draft): Violation[] {
  const found = compareResolution(profile, draft.resolution);
  const [target] = Object.values(profile.targets);
  if (profile.kind === 'set' || target === undefined) return found;
  return [
    ...compareCodec(profile, draft.codec, target.video, ''),
    ...compareContainer(profile, draft.container, target.muxer, ''),
    ...found,
  ];
}

function compareCodec(profile: Profile, codec: string | undefined, video: VideoEssence, of: string): Violation[] {
  const names = CODEC_NAMES[video];
  if (codec === undefined || names.includes(codec)) return [];
  return [{ pointer: '/codec', message: contradicts('Codec', codec, profile, `${names[0]}${of}`) }];
}

function compareContainer(profile: Profile, container: string | undefined, muxer: string, of: string): Violation[] {
  if (container === undefined || container === muxer) return [];
  return [{ pointer: '/container', message: contradicts('Container', container, profile, `${muxer}${of}`) }];
}

/** `same`, `half` or `quarter`; undefined for sizes that specs have no word for. */
function resolutionOf({ size }: Profile): Draft['resolution'] {
  if (size.kind === 'source') return 'same';
  if (size.kind === 'lines') return undefined;
  return ({ 2: 'half', 4: 'quarter' } as const)[size.by as 2 | 4];
}

function compareResolution(profile: Profile, resolution: Draft['resolution']): Violation[] {
  const made = resolutionOf(profile);
  if (resolution === undefined || resolution === made) return [];
  return [{ pointer: '/resolution', message: contradicts('Resolution', resolution, profile, made ?? 'another size') }];
}

function contradicts(what: string, given: string, { name }: Profile, makes: string): string {
  return `${what} '${shortened(given)}' contradicts profile '${name}', which makes ${makes}: correct one of them, or leave '${what.toLowerCase()}' out`;
}

function checkPreset({ name, engine }: Profile, { resolve_preset: preset }: Draft): Violation[] {
  if (preset === undefined || preset === null || engine === 'resolve') return [];
  const message = `Render preset '${shortened(preset)}' is for profiles of the resolve engine, and profile '${name}' is made by the ${engine} engine: leave 'resolve_preset' out`;
  return [{ pointer: '/resolve_preset', message }];
}

/** Older specs say what they want by codec, container and size alone. */
function fittingProfiles(draft: Draft): string | undefined {
  const said = (['codec', 'container', 'resolution'] as const).flatMap((field) => {
    const value = draft[field];
    return value === undefined ? [] : [`${field} '${shortened(value)}'`];
  });
  if (said.length === 0) return undefined;
  const fitting = listProfiles().filter(
    (profile) =>
      profile.kind === 'format' && [...contradictions(profile, draft), ...checkPreset(profile, draft)].length === 0,
  );
  if (fitting.length === 0) return `no profile makes ${said.join(', ')}`;
  return `${said.join(', ')} would fit ${fitting.map(({ name }) => name).join(', ')}`;
}

function hasLook(name: string): Violation {
  const plain = name.slice(0, name.indexOf('+'));
  const message = `Profile '${name}' has a look, and looks belong to projects, which a job does not know: say '${plain}'`;
  return { pointer: '/proxy_profile', message };
}

/** A size or a look that does not exist keeps the sentence of the profiles. */
function unknownProfile(given: string, { message }: ProxyfsError): string {
  const name = shortened(given);
  const names = listProfiles().map((profile) => profile.name);
  const [base = ''] = given.split(/[@+]/);
  if (base !== given && names.includes(base)) return `Unknown proxy profile '${name}': ${shortenedIn(message, given)}`;
  const nearest = nearestName(given, names);
  const guess = nearest === undefined ? '.' : `: did you mean '${nearest}'?`;
  return `Unknown proxy profile '${name}'${guess} Profiles: ${names.join(', ')}`;
}

const shortenedIn = (message: string, name: string): string => message.replaceAll(name, shortened(name));
