/** Manifests and the proxies that fit them. */

import { writeFile } from 'node:fs/promises';
import type { Fingerprint, RecipeHash } from '../../src/base/ids.js';
import { blake3OfParts } from '../../src/fingerprint/blake3.js';
import { MANIFEST_VERSION, type Manifest } from '../../src/pool/manifest.js';
import { poolKeyOf } from '../../src/pool/pool-key.js';

export interface Sample {
  readonly seed: string;
  readonly size?: number;
  readonly profile?: string;
  readonly extension?: string;
  readonly finishedAt?: string;
  readonly fingerprint?: Fingerprint;
}

export function manifestOf(sample: Sample): Manifest {
  const { seed, size = 1000, profile = 'proxy_test', extension = '.mov' } = sample;
  const fingerprint = sample.fingerprint ?? (blake3OfParts(['master', seed]) as Fingerprint);
  const recipeHash = blake3OfParts(['recipe', profile, seed]) as RecipeHash;
  return {
    version: MANIFEST_VERSION,
    poolKey: poolKeyOf(fingerprint, recipeHash, 'ffmpeg 5.1.9'),
    master: { fingerprint, guard: { size: 2n ** 40n, mtimeNs: 1_700_000_000_123_456_789n }, path: `day 1/${seed}.mov` },
    profile,
    recipeHash,
    command: ['ffmpeg', '-i', 'in put.mov', 'out.mov'],
    ffmpeg: 'ffmpeg version 5.1.9',
    output: { size, blake3: blake3OfParts([contentOf(seed, size)]), extension },
    startedAt: '2026-01-01T00:00:00.000Z',
    finishedAt: sample.finishedAt ?? '2026-01-01T00:01:00.000Z',
    madeBy: 'someone@somewhere',
    validation: { ok: true, checks: [{ field: 'video 0 frame count', expected: '48', found: '48', ok: true }] },
  };
}

export async function makeProxy(path: string, manifest: Manifest): Promise<void> {
  await writeFile(path, contentOf(manifest.poolKey, manifest.output.size));
}

export const contentOf = (seed: string, size: number): Buffer => Buffer.alloc(size, `${seed} `);
