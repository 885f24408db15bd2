import { join } from 'node:path';
import t from 'tap';
import type { RealPath } from '../../src/base/paths.js';
import { createQueue } from '../../src/jobs/sqlite-queue.js';
import { openDatabase } from '../../src/store/database.js';
import { requestOf, testQueue } from './queue-conformance.js';

testQueue('sqlite', (test) => {
  const clock = { time: 1_000_000, now: () => clock.time };
  const db = openDatabase(join(test.testdir(), 'catalog.db') as RealPath);
  return { queue: createQueue(db, clock), clock, close: () => db.close() };
});

t.test('jobs that ran when the process died are given back at the next start, as often as it takes', async (t) => {
  const file = join(t.testdir(), 'catalog.db') as RealPath;
  for (let round = 0; round < 5; round += 1) {
    const db = openDatabase(file);
    const queue = createQueue(db);
    queue.enqueue([requestOf(1), requestOf(2)]);
    t.same(queue.counts(), { waiting: 2, running: 0, done: 0, failed: 0, cancelled: 0 });
    t.match(queue.lease('w', 3_600_000)?.job, { asset: 1, attempts: 1 });
    db.close();
  }
});
