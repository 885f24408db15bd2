/** `flush`: serves every proxy that is ready, also where somebody holds the file open. */

import type { CallContext } from '../../src/control/handlers.js';
import type { FlipReport, Params } from '../../src/control/schema.js';
import type { Daemon } from '../daemon.js';
import { recordFlip } from '../record.js';
import { existingPaths } from './paths.js';
import { toFlipReport } from './report.js';

export async function flush(daemon: Daemon, params: Params<'flush'>, { by }: CallContext): Promise<FlipReport> {
  const paths = await existingPaths(daemon, params.paths);
  return await recordFlip(daemon, { request: 'flush', paths, by }, async () =>
    toFlipReport(await daemon.flipper.flush(paths)),
  );
}
