/** What goes wrong with the pool's disk, with the pool's name and the way out. */

import { ProxyfsError, toProxyfsError } from '../base/error.js';
import type { RealPath } from '../base/paths.js';

export function poolError(thrown: unknown, directory: RealPath): ProxyfsError {
  if (thrown instanceof ProxyfsError) return thrown;
  const { code, message } = toProxyfsError(thrown);
  return new ProxyfsError(code, sentence(code, message, directory), { cause: thrown, details: { directory } });
}

function sentence(code: ProxyfsError['code'], message: string, directory: RealPath): string {
  if (code === 'system/no-space') {
    return `there is no space left for proxies in the pool ${directory}: free some space, or choose another with --pool`;
  }
  if (code === 'system/permission') {
    return `the pool ${directory} cannot be written (${message}): check its permissions, or choose another with --pool`;
  }
  return `the pool ${directory} cannot be used (${message}): check that its disk is mounted, or choose another with --pool`;
}
