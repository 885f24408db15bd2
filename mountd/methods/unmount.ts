/** `unmount`: ends the mount and with it the daemon; refused while files are open, unless forced. */

import type { CallContext } from '../../src/control/handlers.js';
import type { Params, Result } from '../../src/control/schema.js';
import type { Daemon } from '../daemon.js';
import { toHandleInfo } from './report.js';

export async function unmount(
  daemon: Daemon,
  { force }: Params<'unmount'>,
  { by }: CallContext,
): Promise<Result<'unmount'>> {
  return { handles: (await daemon.unmount(force, by)).map(toHandleInfo) };
}
