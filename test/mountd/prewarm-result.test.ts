import t from 'tap';
import { PrewarmTally } from '../../mountd/prewarm-result.js';
import type { ClipResult } from '../../src/control/schema.js';

const clip = (path: string, outcome: ClipResult['outcome']): ClipResult => {
  return { path, outcome, reason: null, masterSize: 1, proxySize: null, seconds: null };
};

t.test('everything is counted, and what has something to tell is listed however much it is', async (t) => {
  const many = (count: number, outcome: ClipResult['outcome']) =>
    Array.from({ length: count }, (_, index) => clip(`${outcome}/${String(index).padStart(5, '0')}.mov`, outcome));
  const tally = new PrewarmTally();
  const all = [
    ...many(1200, 'queued'),
    ...many(1100, 'already-there'),
    ...many(1300, 'failed'),
    ...many(2, 'made'),
    ...many(1, 'cancelled'),
    ...many(3, 'ineligible'),
  ];
  for (const each of all) tally.add(each);
  const { clips, ...counts } = tally.result();
  t.same(counts, { made: 2, failed: 1300, ineligible: 3, alreadyThere: 1100, queued: 1200 });
  t.equal(clips.length, 1000 + 1000 + 1300 + 2 + 1 + 3);
  t.equal(clips[0]?.path, 'already-there/00000.mov');
  t.equal(clips.at(-1)?.path, 'queued/00999.mov');
});
