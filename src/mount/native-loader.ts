/**
 * Finds and loads the addon built from `native/`; the only importer of the `.node` file.
 *
 * Looked for upwards from this file, so that it is found from the sources' build
 * folder and from an installed package alike.
 */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { ProxyfsError } from '../base/error.js';
import type { NativeAddon } from './native-addon.js';

const BUILT = join('native', 'build', 'Release', 'proxyfs.node');
const WAY_OUT = "build it with 'npm run install' (needs g++, make and python3), or use the portable driver";

/** Throws `driver/unavailable`. */
export function loadNativeAddon(from: string = dirname(fileURLToPath(import.meta.url))): NativeAddon {
  if (process.platform !== 'linux') {
    throw new ProxyfsError('driver/unavailable', `the native driver runs on Linux only, this is ${process.platform}`);
  }
  const path = findUpwards(from);
  if (path === undefined) {
    throw new ProxyfsError('driver/unavailable', `the native driver has not been built: ${WAY_OUT}`);
  }
  return load(path);
}

/** Undefined where it cannot be had. */
export function addonIfBuilt(): NativeAddon | undefined {
  try {
    return loadNativeAddon();
  } catch (error) {
    if (error instanceof ProxyfsError && error.code === 'driver/unavailable') return undefined;
    throw error;
  }
}

function findUpwards(from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, BUILT);
    if (existsSync(path)) return path;
    if (folder === dirname(folder)) return undefined;
  }
}

function load(path: string): NativeAddon {
  let addon: unknown;
  try {
    addon = createRequire(import.meta.url)(path);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ProxyfsError('driver/unavailable', `${path} cannot be loaded (${reason}): ${WAY_OUT}`, { cause });
  }
  if (!isNativeAddon(addon)) {
    throw new ProxyfsError('driver/unavailable', `${path} is not the addon of this version: ${WAY_OUT}`);
  }
  return addon;
}

function isNativeAddon(value: unknown): value is NativeAddon {
  return (
    typeof value === 'object' &&
    value !== null &&
    'mount' in value &&
    typeof value.mount === 'function' &&
    'probe' in value &&
    typeof value.probe === 'function'
  );
}
