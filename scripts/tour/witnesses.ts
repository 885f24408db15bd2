/** The clips whose bytes a tour examines: all of a small project, a spread of a large one. */

import { join } from 'node:path';
import type { Clip } from './clip.js';
import { inspect } from './inspect.js';
import type { Witness } from './proofs.js';

const MOST = 12;

export async function chooseWitnesses(
  clips: readonly Clip[],
  source: string,
  mountPoint: string,
): Promise<readonly Witness[]> {
  const made = clips.filter((clip) => clip.outcome === 'already-there').sort((a, b) => (a.path < b.path ? -1 : 1));
  const step = Math.max(1, made.length / MOST);
  const chosen = Array.from({ length: Math.min(MOST, made.length) }, (_, index) => made[Math.floor(index * step)]);
  const witnesses: Witness[] = [];
  for (const clip of chosen) {
    if (clip === undefined) continue;
    const master = await inspect(join(source, clip.path));
    if (master === undefined) continue;
    witnesses.push({
      path: clip.path,
      source: join(source, clip.path),
      mounted: join(mountPoint, clip.path),
      master,
      proxySize: clip.proxySize,
      proxyHash: undefined,
    });
  }
  return witnesses;
}
