import t from 'tap';
import { ReasonTally } from '../../src/view/reason-tally.js';

t.test('each reason is counted by itself, and the most frequent comes first', async (t) => {
  const tally = new ReasonTally();
  for (const card of ['RED', 'Canon XF', 'Canon XF']) tally.add('camera-card', `it belongs to a ${card} card`);
  tally.add('empty', 'it has zero bytes');
  t.same(tally.rows(), [
    { code: 'camera-card', reason: 'it belongs to a Canon XF card', count: 2 },
    { code: 'camera-card', reason: 'it belongs to a RED card', count: 1 },
    { code: 'empty', reason: 'it has zero bytes', count: 1 },
  ]);
  t.same(new ReasonTally().rows(), []);
});

t.test('reasons that differ from clip to clip are one row, and no file is left out of it', async (t) => {
  const tally = new ReasonTally();
  for (let width = 1; width <= 1001; width += 2) tally.add('odd-size', `its picture is ${width}x90`);
  t.same(tally.rows(), [{ code: 'odd-size', reason: 'for reasons such as: its picture is 1x90', count: 501 }]);
});
