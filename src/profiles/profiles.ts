/**
 * Finds profiles by name. A set may be followed by a size: `edit@half`, `edit@quarter`,
 * `edit_dnx@540` (lines), and by a look: `edit+NAME`, `edit@half+NAME`. Such a profile is the
 * set in everything else.
 */

import { ProxyfsError } from '../base/error.js';
import { nearestName } from '../base/nearest.js';
import { isLookName } from '../looks/look.js';
import { describeSize, type PictureSize } from './picture-size.js';
import type { Profile } from './profile.js';
import { PROFILES } from './profile-table.js';

export type { Engine, Profile, ProfileTarget, VideoEssence } from './profile.js';

export const DEFAULT_PROFILE = 'edit';

export function listProfiles(): readonly Profile[] {
  return PROFILES;
}

/** Throws 'profile/unknown', naming the nearest profile and all there are. */
export function findProfile(name: string): Profile {
  const plus = name.indexOf('+');
  return plus < 0 ? findSized(name) : withLook(findSized(name.slice(0, plus)), name, name.slice(plus + 1));
}

/** Whether there is a look of this name is the project's business. */
function withLook(profile: Profile, name: string, look: string): Profile {
  if (profile.kind !== 'set') throw noLook(name, profile.name);
  if (!isLookName(look)) throw badLook(name, look);
  return { ...profile, name, look, summary: `${profile.summary}, with the look '${look}'` };
}

function findSized(name: string): Profile {
  const [base = '', scale, ...rest] = name.split('@');
  const profile = PROFILES.find((candidate) => candidate.name === base);
  if (profile === undefined) throw unknown(base);
  if (scale === undefined) return profile;
  const size = rest.length === 0 ? parseSize(scale) : undefined;
  if (size === undefined) throw badSize(name, scale);
  if (profile.kind !== 'set') throw fixedSize(name, base);
  return { ...profile, name, size, summary: `${profile.summary}, ${describeSize(size)}` };
}

/** A profile that a mount can serve: its proxies keep the names of the masters. Throws 'profile/unknown'. */
export function findSet(name: string): Profile {
  const profile = findProfile(name);
  if (profile.kind === 'set') return profile;
  const sets = PROFILES.filter(({ kind }) => kind === 'set').map((set) => set.name);
  const [extension = ''] = Object.keys(profile.targets);
  throw new ProxyfsError(
    'profile/unknown',
    `profile '${name}' makes ${extension} files of every master, and a mount needs proxies that keep their names: choose a set (${sets.join(', ')})`,
    { details: { name, profiles: sets } },
  );
}

function parseSize(text: string): PictureSize | undefined {
  if (text === 'half') return { kind: 'divided', by: 2 };
  if (text === 'quarter') return { kind: 'divided', by: 4 };
  return /^[1-9]\d{1,4}$/.test(text) ? { kind: 'lines', lines: Number(text) } : undefined;
}

function unknown(name: string): ProxyfsError {
  const names = PROFILES.map((candidate) => candidate.name);
  const nearest = nearestName(name, names);
  const guess = nearest === undefined ? '.' : `; did you mean '${nearest}'?`;
  const message = `there is no profile '${name}'${guess} Profiles: ${names.join(', ')}`;
  return new ProxyfsError('profile/unknown', message, { details: { name, nearest, profiles: names } });
}

function badSize(name: string, scale: string): ProxyfsError {
  const message = `'${scale}' in '${name}' is not a size: write half, quarter, or a number of lines such as 540`;
  return new ProxyfsError('profile/unknown', message, { details: { name } });
}

function fixedSize(name: string, base: string): ProxyfsError {
  const message = `the size of profile '${base}' is fixed, so '${name}' does not exist: only sets can be scaled`;
  return new ProxyfsError('profile/unknown', message, { details: { name } });
}

function noLook(name: string, base: string): ProxyfsError {
  const message = `profile '${base}' takes no look, so '${name}' does not exist: only sets do`;
  return new ProxyfsError('profile/unknown', message, { details: { name } });
}

function badLook(name: string, look: string): ProxyfsError {
  const message = `'${look}' in '${name}' is not the name of a look: 'proxyfs looks' lists them`;
  return new ProxyfsError('profile/unknown', message, { details: { name } });
}
