/** Events and handles of the addon as the control plane knows them: paths as text, processes by name. */

import type { FileIdentity } from '../base/ids.js';
import type { VirtualPath } from '../base/paths.js';
import type { OpenHandle, VolumeEvent } from './driver.js';
import type { NativeEvent, NativeHandle } from './native-addon.js';
import type { ProcessNames } from './process-name.js';

/** Everything but the end, which is a promise of the volume and no event. */
export type LiveEvent = Exclude<NativeEvent, { kind: 'closed' }>;

export function toVolumeEvent(event: LiveEvent, processes: ProcessNames): VolumeEvent {
  switch (event.kind) {
    case 'lost':
      return event;
    case 'changed':
      return { kind: 'changed', path: toText(event.path) };
    case 'idle':
    case 'stale':
      return { kind: event.kind, path: toText(event.path), asset: assetOf(event) };
    case 'opened':
      return {
        kind: 'opened',
        path: toText(event.path),
        asset: assetOf(event),
        variant: variantOf(event.replaced),
        pid: processes.remember(event.pid),
      };
    case 'write-refused':
    case 'demoted':
      return {
        kind: event.kind,
        path: toText(event.path),
        asset: assetOf(event),
        pid: processes.remember(event.pid),
      };
  }
}

export function toOpenHandle(handle: NativeHandle, processes: ProcessNames): OpenHandle {
  const { pid, name } = processes.lookUp(handle.pid);
  return {
    path: toText(handle.path),
    asset: assetOf(handle),
    variant: variantOf(handle.replaced),
    outdated: handle.outdated,
    writable: handle.writable,
    pid,
    process: name,
    uid: handle.uid,
    since: handle.sinceMs,
  };
}

function toText(path: Buffer): VirtualPath {
  return path.toString('utf8') as VirtualPath;
}

function assetOf({ dev, ino }: { readonly dev: bigint; readonly ino: bigint }): FileIdentity {
  return { dev, ino };
}

function variantOf(replaced: boolean): 'master' | 'replacement' {
  return replaced ? 'replacement' : 'master';
}
