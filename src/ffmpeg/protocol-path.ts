/** How a path is handed to FFmpeg: always with its protocol, so that no file name is read as anything else. */

import type { RealPath } from '../base/paths.js';

/** `file:` keeps FFmpeg from taking a leading `-` for an option or `name:` for a protocol. */
export function fileArgument(path: RealPath): string {
  return `file:${path}`;
}
