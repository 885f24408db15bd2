/** `unmount`: ends the mount and with it the daemon; refused while files are open, unless forced. */

import type { Params, Result } from '../../src/control/schema.js';
import type { Daemon } from '../daemon.js';
import { toHandleInfo } from './report.js';

export async function unmount(daemon: Daemon, { force }: Params<'unmount'>): Promise<Result<'unmount'>> {
  return { handles: (await daemon.unmount(force)).map(toHandleInfo) };
}
