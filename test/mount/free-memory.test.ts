import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import t from 'tap';
import { returnFreeMemory } from '../../src/mount/free-memory.js';
import { addonIfBuilt } from '../../src/mount/native-loader.js';

const skip = addonIfBuilt() === undefined ? 'the addon is not built' : false;
const MB = 1e6;

/** Smaller than what has pages of its own, and with something that stays between what goes. */
function leaveHoles(): Buffer[] {
  const all = Array.from({ length: 10_000 }, () => Buffer.alloc(16_384, 1));
  return all.filter((_, index) => index % 100 === 0);
}

t.test('what was freed between things that stay goes back to the system', { skip }, async (t) => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const kept = leaveHoles();
  collect();
  // Buffers are freed by a thread beside the collection; the next collection waits for it.
  collect();
  const before = process.memoryUsage.rss();
  returnFreeMemory();
  const returned = before - process.memoryUsage.rss();
  t.ok(returned > 50 * MB, `${Math.round(returned / MB)} MB of 160 are back`);
  t.equal(kept.length, 100);
});
