import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
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

t.test('work that ends again and again does not put it off for ever', async (t) => {
  let told = 0;
  t.teardown(alsoReturns(() => (told += 1)));
  const real = performance.now.bind(performance);
  let ahead = 0;
  t.intercept(performance, 'now', { value: () => real() + ahead });
  // More often than it would wait for rest; each time ten seconds later.
  for (let turn = 0; turn < 20 && told === 0; turn += 1) {
    returnMemory(100_000);
    ahead += 10_000;
    await sleep(50);
  }
  t.equal(told, 1);
});
