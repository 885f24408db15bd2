/** `handles`: who holds files open, and on which variant. */

import type { Params, Result } from '../../src/control/schema.js';
import { foreignHandles } from '../../src/flip/handles.js';
import type { Daemon } from '../daemon.js';
import { toHandleInfo } from './report.js';

export async function listHandles({ volume }: Daemon, { all }: Params<'handles'>): Promise<Result<'handles'>> {
  return { handles: foreignHandles(volume, { onlySwappable: all !== true }).map(toHandleInfo) };
}
