import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import { Slices } from '../../src/base/slices.js';

/** Milliseconds of work that holds the event loop. */
function work(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end; );
}

t.test('work in slices lets others have their turn, and work without rests does not', async (t) => {
  const turnsDuring = async (rest: () => Promise<void>) => {
    let [turns, isOver] = [0, false];
    const others = (async () => {
      for (; !isOver; turns += 1) await setImmediate();
    })();
    for (let step = 0; step < 20; step += 1) {
      work(3);
      await rest();
    }
    isOver = true;
    await others;
    return turns;
  };
  const slices = new Slices();
  t.ok((await turnsDuring(() => slices.rest())) >= 5);
  t.ok((await turnsDuring(async () => undefined)) <= 1);
});

t.test('a rest ends with the signal, also when the slice is not used up', async (t) => {
  const abort = new AbortController();
  abort.abort(new Error('enough'));
  await t.rejects(new Slices().rest(abort.signal), { message: 'enough' });
});
