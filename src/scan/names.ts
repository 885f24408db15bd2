/** Which names a scan looks at. */

import { extname } from 'node:path';
import { isMediaExtension } from '../probe/media-extensions.js';

/** Media by extension, without the `._` companions that macOS writes beside every file. */
export function isCandidateName(name: string): boolean {
  return !name.startsWith('._') && isMediaExtension(extname(name).toLowerCase());
}
