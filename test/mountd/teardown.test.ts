import t from 'tap';
import { Teardown } from '../../mountd/teardown.js';

t.test('steps are undone in reverse order, whatever becomes of one', async (t) => {
  const { teardown, done } = stage();
  teardown.add('first', () => done.push('first'));
  teardown.add('broken', () => Promise.reject(new Error('broken')));
  teardown.add('last', () => done.push('last'));
  await teardown.run();
  t.same(done, ['last', 'first']);
  await teardown.run();
  t.same(done, ['last', 'first'], 'and once');
});

t.test(
  'steps that never end together take the time of all, and the others their turn',
  { timeout: 10_000 },
  async (t) => {
    const { teardown, done } = stage();
    const forEver = () => new Promise(() => undefined);
    teardown.add('catalog', () => done.push('catalog'));
    teardown.add('scan', forEver);
    teardown.add('journal', async () => done.push('journal'));
    teardown.add('look', forEver);
    // Each alone is waited for much longer than this test may take.
    await teardown.run(50);
    t.same(done, ['journal', 'catalog']);
  },
);

function stage(): { teardown: Teardown; done: string[] } {
  return { teardown: new Teardown(), done: [] };
}
