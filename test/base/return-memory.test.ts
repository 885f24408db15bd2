import { once } from 'node:events';
import t from 'tap';
import { alsoReturns, returnMemory } from '../../src/base/return-memory.js';

t.test('who holds memory lets go of it after work on a large project, in turn, and not after he is gone', async (t) => {
  const told: string[] = [];
  const over = new EventTarget();
  const ends = [
    alsoReturns(() => told.push('first')),
    alsoReturns(() => told.push('gone')),
    alsoReturns(() => {
      told.push('last');
      over.dispatchEvent(new Event('over'));
    }),
  ];
  ends[1]?.();
  // The wait does not keep a process alive, and this one has nothing else to do.
  const alive = setInterval(() => undefined, 1000);
  returnMemory(10);
  returnMemory(100_000);
  returnMemory(100_000);
  await once(over, 'over');
  clearInterval(alive);
  t.same(told, ['first', 'last'], 'once for what belongs together');
  for (const end of ends) end();
});
