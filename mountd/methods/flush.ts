/** `flush`: serves every proxy that is ready, also where somebody holds the file open. */

import type { FlipReport, Params } from '../../src/control/schema.js';
import type { Daemon } from '../daemon.js';
import { existingPaths } from './paths.js';
import { toFlipReport } from './report.js';

export async function flush(daemon: Daemon, params: Params<'flush'>): Promise<FlipReport> {
  return toFlipReport(await daemon.flipper.flush(await existingPaths(daemon, params.paths)));
}
