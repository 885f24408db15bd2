/** Which files are open for writing through the mount. */

import type { FileIdentity } from '../base/ids.js';
import type { MountedVolume } from './driver.js';

/** A scan asks for thousands of files within this time. */
const AGE_MS = 200;

export type IsBeingWritten = (file: FileIdentity) => boolean;

/** Answers from a list that is never older than a moment. */
export function watchWriters(volume: Pick<MountedVolume, 'handles'>): IsBeingWritten {
  let written = new Set<string>();
  let at = Number.NEGATIVE_INFINITY;
  return ({ dev, ino }) => {
    if (performance.now() - at > AGE_MS) {
      const handles = volume.handles().filter(({ writable }) => writable);
      written = new Set(handles.map(({ asset }) => `${asset.dev}:${asset.ino}`));
      at = performance.now();
    }
    return written.has(`${dev}:${ino}`);
  };
}
