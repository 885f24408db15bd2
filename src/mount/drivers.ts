/** Chooses the driver that serves a mount, and keeps the reason for the log. */

import { ProxyfsError } from '../base/error.js';
import type { DriverKind, MountDriver } from './driver.js';
import { findDeviceObstacle } from './fuse-device.js';
import { createNativeDriver } from './native-driver.js';
import { createPortableDriver, findPortableObstacle } from './portable-driver.js';

export interface ChosenDriver extends MountDriver {
  /** One sentence: which driver, and why not the other. */
  readonly reason: string;
}

/** A driver, or one sentence on what keeps it from running here. */
export type Attempt = { readonly driver: MountDriver } | { readonly obstacle: string };

const ATTEMPTS: Readonly<Record<DriverKind, () => Promise<Attempt>>> = { native: tryNative, portable: tryPortable };

/** `auto` prefers the native driver. Rejects with `driver/unavailable`, naming what is in the way of each. */
export async function chooseDriver(wish: 'auto' | DriverKind, attempts = ATTEMPTS): Promise<ChosenDriver> {
  const native = wish === 'portable' ? undefined : await attempts.native();
  if (native !== undefined && 'driver' in native) {
    return chosen(native.driver, wish === 'auto' ? 'native driver: the addon loads' : 'native driver: asked for');
  }
  const portable = wish === 'native' ? undefined : await attempts.portable();
  if (portable !== undefined && 'driver' in portable) {
    const why = native === undefined ? 'asked for' : `the native driver cannot be used (${native.obstacle})`;
    return chosen(portable.driver, `portable driver: ${why}`);
  }
  throw unavailable(native?.obstacle, portable?.obstacle);
}

async function tryNative(): Promise<Attempt> {
  try {
    const driver = createNativeDriver();
    const obstacle = await findDeviceObstacle();
    return obstacle === undefined ? { driver } : { obstacle };
  } catch (error) {
    return { obstacle: error instanceof Error ? error.message : String(error) };
  }
}

async function tryPortable(): Promise<Attempt> {
  const obstacle = await findPortableObstacle();
  return obstacle === undefined ? { driver: createPortableDriver() } : { obstacle };
}

function chosen(driver: MountDriver, reason: string): ChosenDriver {
  return { kind: driver.kind, reason, mount: (options) => driver.mount(options) };
}

function unavailable(native: string | undefined, portable: string | undefined): ProxyfsError {
  const reasons = [
    ...(native === undefined ? [] : [`native driver: ${native}`]),
    ...(portable === undefined ? [] : [`portable driver: ${portable}`]),
  ];
  const details = { native, portable };
  return new ProxyfsError('driver/unavailable', `no driver can mount here. ${reasons.join('. ')}`, { details });
}
