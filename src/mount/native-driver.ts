/**
 * The driver on the addon: passthrough, epochs and native threads. See `native/`.
 *
 * Whether source and mount point are fit for each other is the caller's to check;
 * what the kernel refuses comes back as a coded error.
 */

import type { MountDriver, MountedVolume, MountOptions } from './driver.js';
import type { NativeAddon, NativeMountOptions } from './native-addon.js';
import { toMountError } from './native-errors.js';
import { loadNativeAddon } from './native-loader.js';
import { NativeVolume } from './native-volume.js';

/** One request each at a time; more only help when the source itself is slow. */
const READER_THREADS = 4;
const DEFAULT_CACHE_SECONDS = 1;

/** Throws `driver/unavailable` when the addon is not there. */
export function createNativeDriver(addon: NativeAddon = loadNativeAddon()): MountDriver {
  return {
    kind: 'native',
    mount: async (options): Promise<MountedVolume> => {
      const native = toNativeOptions(options);
      try {
        return new NativeVolume(options.mountPoint, (onEvent) => addon.mount(native, onEvent));
      } catch (error) {
        throw toMountError(error, options);
      }
    },
  };
}

function toNativeOptions(options: MountOptions): NativeMountOptions {
  const { disable } = options;
  return {
    source: Buffer.from(options.source),
    mountPoint: Buffer.from(options.mountPoint),
    fsName: options.fsName,
    hiddenRootNames: options.hiddenRootNames,
    demoteWrites: options.writes === 'demote',
    allowOther: options.allowOther,
    usePassthrough: disable.passthrough !== true,
    useIncEpoch: disable.incEpoch !== true,
    coherent: disable.coherence !== true,
    directMount: disable.directMount !== true,
    cacheSeconds: options.cacheSeconds ?? DEFAULT_CACHE_SECONDS,
    threads: READER_THREADS,
  };
}
