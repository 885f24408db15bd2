/** `looks.list` and `looks.add`: the looks that profiles of this project may ask for. */

import { ProxyfsError } from '../../src/base/error.js';
import type { Params, Result } from '../../src/control/schema.js';
import type { Look } from '../../src/looks/look.js';
import { findProfile } from '../../src/profiles/profiles.js';
import type { Daemon } from '../daemon.js';

export async function listLooks({ files }: Daemon): Promise<Result<'looks.list'>> {
  return { looks: files.looks.list().map(toRow) };
}

export async function addLook({ files }: Daemon, params: Params<'looks.add'>): Promise<Result<'looks.add'>> {
  const { file, name, output } = params;
  return { look: toRow(await files.looks.add(file, { name, output })) };
}

/** Throws 'look/unknown' when the profile asks for a look that the project does not have. */
export function requireLook({ files }: Daemon, profile: string): void {
  const { look } = findProfile(profile);
  if (look === undefined || files.looks.get(look) !== undefined) return;
  const names = files.looks.list().map(({ name }) => name);
  const there = names.length === 0 ? 'it has none yet' : `it has ${names.join(', ')}`;
  throw new ProxyfsError(
    'look/unknown',
    `this project has no look '${look}' (${there}): add one with 'proxyfs looks --add FILE.cube --name ${look}'`,
    { details: { look, looks: names } },
  );
}

function toRow({ name, kind, size, title, output, hash }: Look): Result<'looks.add'>['look'] {
  return { name, kind, size, title: title ?? null, output, hash };
}
