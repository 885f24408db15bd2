import t from 'tap';
import { byLabel } from '../../mountd/metrics.js';

t.test('reasons that are alike as far as a label goes are one series', async (t) => {
  const long = 'x'.repeat(120);
  const failed = [
    { reason: `${long} a.mov`, count: 2 },
    { reason: `${long} b.mov`, count: 1 },
    { reason: 'moov atom not found', count: 4 },
  ];
  t.same(byLabel(failed), { [long]: 3, 'moov atom not found': 4 });
});
