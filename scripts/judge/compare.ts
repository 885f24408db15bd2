/** Two clips as other programs see them, and the differences in words. */

import { type Facts, factsOf } from './facts.js';
import { comparePictures } from './melt.js';

/** What encoders write into every MPEG-2 picture when they are told no timecode. */
const UNTOLD = '00:00:00:00';
/** Seconds by which lengths may differ that are counted in packets of sound or in milliseconds. */
const HEADER = 0.002;

/** Empty when the proxy equals its master. */
export async function compareClips(master: string, proxy: string, directory: string): Promise<readonly string[]> {
  const [wanted, found] = [await factsOf(master), await factsOf(proxy)];
  return [...compareFacts(wanted, found), ...(await comparePictures(master, proxy, directory))];
}

/** Every fact of the master has to be one of the proxy, and no fact may be added that contradicts silence. */
export function compareFacts(wanted: Facts, found: Facts): readonly string[] {
  const names = [...new Set([...wanted.keys(), ...found.keys()])].sort();
  return names.flatMap((name) => {
    if (name.endsWith('FrameCount') && !countsFrames(wanted, name)) return [];
    const [a, b] = [wanted.get(name), found.get(name)];
    // One of the two codecs may have no place for a timecode where the other has one.
    const container = wanted.get('mediainfo Other 0 TimeCode_FirstFrame') ?? UNTOLD;
    const [said] = [a, b].filter((value) => value !== undefined);
    if ((a === undefined || b === undefined) && /Video \d+ TimeCode/.test(name) && said === container) return [];
    return isSame(name, a, b) ? [] : [`${name}: ${a ?? 'nothing'} in the master, ${b ?? 'nothing'} in the proxy`];
  });
}

/** mediainfo takes what an edit list hides in the order of storing, and is then wrong about the master already. */
function countsFrames(wanted: Facts, name: string): boolean {
  return [...wanted].some(([other, value]) => other.endsWith('video packets') && value === wanted.get(name));
}

function isSame(name: string, a: string | undefined, b: string | undefined): boolean {
  if (a === b) return true;
  // What a master leaves unsaid, a proxy may say; of the other facts absence is a statement.
  if (a === undefined) return /colou?r|layout|matrix|transfer|primaries|scan|aspect/i.test(name);
  if (b === undefined) return false;
  // mediainfo goes by blocks that lie outside of the picture, in masters whose size is no multiple of 16.
  if (name.startsWith('mediainfo') && name.endsWith('aspect')) return Math.abs(Number(a) - Number(b)) <= 0.03;
  return /(duration|start|aspect)$/.test(name) && Math.abs(Number(a) - Number(b)) <= HEADER;
}
