/** Whether this process may use the kernel's FUSE device. */

import { open } from 'node:fs/promises';
import { errnoOf } from '../base/error.js';

/** Why /dev/fuse does not open, with the way out; undefined when it does. */
export async function findDeviceObstacle(): Promise<string | undefined> {
  try {
    const device = await open('/dev/fuse', 'r+');
    await device.close();
    return undefined;
  } catch (error) {
    const wayOut = 'load the module (modprobe fuse), pass the device into the container, or run as root';
    return `/dev/fuse does not open: ${errnoOf(error) ?? String(error)}; ${wayOut}`;
  }
}
