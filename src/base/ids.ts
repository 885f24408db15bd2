/** Identifiers of the domain. Each is branded: a job id is never an asset id. */

import type { Brand } from './brand.js';

/** 16 hex digits, derived from the source directory (and a non-default state directory). */
export type ProjectId = Brand<string, 'ProjectId'>;
/** Row id of an asset in the catalog. */
export type AssetId = Brand<number, 'AssetId'>;
/** Row id of a job in the queue. */
export type JobId = Brand<number, 'JobId'>;
/** 64 hex digits: BLAKE3 over size and head, middle and tail of a file. */
export type Fingerprint = Brand<string, 'Fingerprint'>;
/** 64 hex digits: BLAKE3 of a recipe's canonical JSON. */
export type RecipeHash = Brand<string, 'RecipeHash'>;
/** 64 hex digits: BLAKE3 over (master fingerprint, recipe hash, FFmpeg build). */
export type PoolKey = Brand<string, 'PoolKey'>;

/** Identity of a file on this machine: what stat(2) calls st_dev and st_ino. */
export interface FileIdentity {
  readonly dev: bigint;
  readonly ino: bigint;
}

/** A map key for a file identity. */
export function identityKey(identity: FileIdentity): string {
  return `${identity.dev}:${identity.ino}`;
}
