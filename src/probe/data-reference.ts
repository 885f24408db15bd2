/** Where the samples of a QuickTime track lie: in the file of its header, or in another one. Pure. */

import { child, children } from './quicktime-boxes.js';

/** The samples are in the file that the reference stands in. */
const IN_THIS_FILE = 1;

/** Whether the reference that the track's first description names leads to another file. */
export function liesElsewhere(mediaInformation: Buffer): boolean {
  const references = child(mediaInformation, 'dinf', 'dref');
  const description = child(mediaInformation, 'stbl', 'stsd');
  if (references === undefined || references.length < 8) return false;
  // Version, flags and count; then the first description: size, format, six bytes reserved.
  const index = description !== undefined && description.length >= 24 ? description.readUInt16BE(22) : 1;
  const reference = [...children(references.subarray(8))][index - 1]?.body;
  if (reference === undefined || reference.length <= 4) return false;
  return (reference.readUInt32BE(0) & IN_THIS_FILE) === 0;
}
