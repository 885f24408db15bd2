/** The proxies that could not be made, of whatever set: those of a set that is not served were asked for, too. */

import { ProxyfsError } from '../src/base/error.js';
import type { CatalogFailure } from '../src/catalog/catalog.js';
import { findSet } from '../src/profiles/profiles.js';
import type { Daemon } from './daemon.js';
import { requireLook } from './methods/looks.js';

export interface FailedProxy extends CatalogFailure {
  /** It is missing in the mount, not only in the pool. */
  readonly isServed: boolean;
}

/** Ordered by path and set. Without those of sets that are there no more, whose look was removed: nobody can ask for them. */
export function failedProxies(daemon: Daemon): readonly FailedProxy[] {
  const known = new Map<string, boolean>();
  const isKnown = (profile: string) => {
    const is = known.get(profile) ?? isThere(daemon, profile);
    known.set(profile, is);
    return is;
  };
  return daemon.files.catalog.failures().flatMap((failure) => {
    const isServed = failure.profile === daemon.profileOf([failure.path]);
    return isServed || isKnown(failure.profile) ? [{ ...failure, isServed }] : [];
  });
}

function isThere(daemon: Daemon, profile: string): boolean {
  try {
    findSet(profile);
    requireLook(daemon, profile);
    return true;
  } catch (error) {
    if (error instanceof ProxyfsError) return false;
    throw error;
  }
}
