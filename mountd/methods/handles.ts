/** `handles`: who holds files open, and on which variant. */

import type { Params, Result } from '../../src/control/schema.js';
import { clipHandles, foreignHandles } from '../../src/flip/handles.js';
import type { Daemon } from '../daemon.js';
import { toHandleInfo } from './report.js';

export async function listHandles({ volume }: Daemon, { all }: Params<'handles'>): Promise<Result<'handles'>> {
  const handles = all === true ? foreignHandles(volume) : clipHandles(volume);
  return { handles: handles.map(toHandleInfo) };
}
