/** Which file names a scan takes as media: everything else is never probed and always passes through. Pure. */

import { extensionKind, extensionOf } from '../base/media-extension.js';

/** Whether a scan takes a file with this extension (with its dot, any case) as media. Stills are left alone. */
export function isMediaExtension(extension: string): boolean {
  const kind = extensionKind(extension);
  return kind !== undefined && kind !== 'still';
}

export function isMediaPath(path: string): boolean {
  return isMediaExtension(extensionOf(path));
}
