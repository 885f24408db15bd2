/**
 * The folder of a claim: `running/.claim.<owner>.<id>/`, which holds the spec while it is worked on.
 *
 * The name says who has it, so that a rename of the folder passes it on in one step, and the
 * id stays the same for the life of the claim. Names are never used twice: a rename to such
 * a name can not meet another one, and of two that rename the same folder one finds it gone.
 */

import { randomBytes } from 'node:crypto';
import { formatOwner, type Owner, parseOwner, thisProcess } from '../pool/owner.js';

export interface ClaimName {
  readonly owner: Owner;
  readonly id: string;
}

/** The spec inside the folder, whatever its name was. */
export const SPEC = 'spec.json';
/** A folder that is only waiting to be removed. */
const DONE = '.done.';

export const newClaimId = (): string => randomBytes(8).toString('hex');
export const ownFolderOf = (id: string): string => `.claim.${formatOwner(thisProcess())}.${id}`;
export const doneFolderOf = (id: string): string => `${DONE}${id}`;
export const isDoneFolder = (name: string): boolean => name.startsWith(DONE);

export function parseClaimName(name: string): ClaimName | undefined {
  if (!name.startsWith('.claim.')) return undefined;
  const owner = parseOwner(name);
  const id = /\.([0-9a-f]{16})$/.exec(name)?.[1];
  return owner === undefined || id === undefined ? undefined : { owner, id };
}

/** What the visible name in `running/` points to, relative to it. */
export const linkTextOf = (id: string): string => `${ownFolderOf(id)}/${SPEC}`;
/** Whether a visible name belongs to the claim, whoever had it then. */
export const isLinkOf = (text: string, id: string): boolean => text.endsWith(`.${id}/${SPEC}`);
