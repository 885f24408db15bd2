/**
 * Which profile's proxy each path serves: an asset may have several variants (source and
 * half size), and the mode names the set. As with modes, the longest choice counts. Pure.
 */

import { parentOf, ROOT, type VirtualPath } from '../base/paths.js';

/** A choice at the root is the project's. */
export type ProfileChoices = ReadonlyMap<VirtualPath, string>;

/** Of an asset with several names the first decides. */
export type ProfileOf = (paths: readonly VirtualPath[]) => string;

export function profileChooser(choices: ProfileChoices | undefined, fallback: string): ProfileOf {
  const project = choices?.get(ROOT) ?? fallback;
  if (choices === undefined || choices.size === 0 || (choices.size === 1 && choices.has(ROOT))) return () => project;
  return ([path = ROOT]) => {
    for (let prefix = path; prefix !== ROOT; prefix = parentOf(prefix)) {
      const choice = choices.get(prefix);
      if (choice !== undefined) return choice;
    }
    return project;
  };
}
