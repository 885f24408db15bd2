/**
 * Where the samples of a QuickTime or MP4 track lie in the file. Pure functions of its sample
 * table; what is damaged counts as absent.
 */

import { child } from './quicktime-boxes.js';

/** Where each chunk of samples begins, in the order of the table. */
export function chunkOffsets(table: Buffer): number[] {
  const small = child(table, 'stco');
  const offsets = small ?? child(table, 'co64');
  if (offsets === undefined || offsets.length < 8) return [];
  const size = small === undefined ? 8 : 4;
  const count = Math.min(offsets.readUInt32BE(4), Math.floor((offsets.length - 8) / size));
  return Array.from({ length: count }, (_, index) => {
    const at = 8 + index * size;
    return size === 4 ? offsets.readUInt32BE(at) : Number(offsets.readBigUInt64BE(at));
  });
}

/** How long a file must be for all samples to be in it; never more than that. 0 where there are none. */
export function endOfSamples(table: Buffer): number {
  let [last, offset] = [-1, -1];
  chunkOffsets(table).forEach((at, chunk) => {
    if (at > offset) [last, offset] = [chunk, at];
  });
  if (last < 0) return 0;
  const { first, count } = samplesOfChunk(child(table, 'stsc'), last);
  return offset + Math.max(1, bytesOf(child(table, 'stsz'), first, count));
}

/** Runs of chunks with equally many samples: first chunk (from 1), samples in each, description. */
function samplesOfChunk(runs: Buffer | undefined, chunk: number): { first: number; count: number } {
  const length = runs === undefined || runs.length < 8 ? 0 : runs.readUInt32BE(4);
  const entries = runs === undefined ? 0 : Math.min(length, Math.floor((runs.length - 8) / 12));
  let first = 0;
  for (let index = 0; runs !== undefined && index < entries; index += 1) {
    const at = 8 + index * 12;
    const [begin, count] = [runs.readUInt32BE(at) - 1, runs.readUInt32BE(at + 4)];
    const end = index + 1 < entries ? runs.readUInt32BE(at + 12) - 1 : Number.POSITIVE_INFINITY;
    if (chunk < end) return { first: first + Math.max(0, chunk - begin) * count, count };
    first += Math.max(0, end - begin) * count;
  }
  return { first: 0, count: 0 };
}

/** Sounds of QuickTime give each of their samples the size 1, whatever it takes: that says nothing. */
function bytesOf(sizes: Buffer | undefined, first: number, count: number): number {
  if (sizes === undefined || sizes.length < 12) return 0;
  const equal = sizes.readUInt32BE(4);
  if (equal !== 0) return equal === 1 ? 0 : equal * count;
  const end = Math.min(first + count, sizes.readUInt32BE(8), Math.floor((sizes.length - 12) / 4));
  let sum = 0;
  for (let sample = first; sample < end; sample += 1) sum += sizes.readUInt32BE(12 + sample * 4);
  return sum;
}
