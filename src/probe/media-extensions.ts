/** Which file names a scan takes as media: everything else is never probed and always passes through. Pure. */

import { extensionKind, extensionOf, isFrameFile } from '../base/media-extension.js';

/**
 * Whether a scan takes a file with this extension (with its dot, any case) as media. Stills
 * and the frames of sequences are left alone: nothing is ever asked of one of them.
 */
export function isMediaExtension(extension: string): boolean {
  return extensionKind(extension) !== undefined && !isFrameFile(extension);
}

export function isMediaPath(path: string): boolean {
  return isMediaExtension(extensionOf(path));
}
