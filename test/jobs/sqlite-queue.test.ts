import { join } from 'node:path';
import t from 'tap';
import { type RealPath, ROOT, type VirtualPath } from '../../src/base/paths.js';
import type { JobQueue, Lease } from '../../src/jobs/queue.js';
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

t.test('of jobs that are over the latest are kept, and none that is not', async (t) => {
  const file = join(t.testdir(), 'catalog.db') as RealPath;
  const first = openDatabase(file);
  const queue = createQueue(first, undefined, { keptOver: 10 });
  queue.enqueue([requestOf(1)]);
  queue.fail(leaseOf(queue), 'broken', { retry: false });
  queue.enqueue([requestOf(3, 'backlog')]);
  for (let render = 0; render < 35; render += 1) {
    queue.enqueue([requestOf(4, 'prewarm', `render ${render}`)]);
    queue.complete(leaseOf(queue));
  }
  t.match(queue.counts(), { waiting: 1, failed: 1 });
  t.ok(queue.counts().done <= 20, 'looked at now and then');
  t.equal(queue.doneAt('clip 4.mov' as VirtualPath, 'proxy_test')[0]?.poolKey, 'render 34');
  first.close();

  const second = openDatabase(file);
  t.teardown(() => second.close());
  const again = createQueue(second, undefined, { keptOver: 10 });
  t.match(again.counts(), { waiting: 1, failed: 1, done: 10 }, 'and at each start');
  t.match(again.list({ state: 'done' }).at(-1), { poolKey: 'render 25' });
});

t.test('a pause outlives the process that was told to', async (t) => {
  const file = join(t.testdir(), 'catalog.db') as RealPath;
  const first = openDatabase(file);
  createQueue(first).pause({ path: ROOT, jobClass: 'backlog' });
  first.close();
  const second = openDatabase(file);
  t.teardown(() => second.close());
  t.match(createQueue(second).holds(), [{ path: '', jobClass: 'backlog', since: Number, until: undefined }]);
});

t.test(
  'a hundred thousand jobs that are paused by path cost a worker that looks for others next to nothing',
  async (t) => {
    const db = openDatabase(join(t.testdir(), 'catalog.db') as RealPath);
    t.teardown(() => db.close());
    const queue = createQueue(db);
    queue.enqueue(Array.from({ length: 100_000 }, (_, asset) => requestOf(asset, 'backlog', 'k', `A/${asset}.mov`)));
    queue.pause({ path: 'A' as VirtualPath, jobClass: undefined });
    const cost = (act: () => unknown) => {
      const start = process.cpuUsage();
      act();
      const { user, system } = process.cpuUsage(start);
      return (user + system) / 1000;
    };
    const [lease, list] = [
      cost(() => queue.lease('w', 1000)),
      cost(() => queue.list({ state: 'waiting', limit: 100 })),
    ];
    t.comment(`lease ${Math.round(lease)} ms, list ${Math.round(list)} ms`);
    t.ok(lease < 150, `a lease took ${lease} ms`);
    t.ok(list < 1000, `a list took ${list} ms`);
  },
);

function leaseOf(queue: JobQueue): Lease {
  const lease = queue.lease('w', 1000);
  if (lease === undefined) throw new Error('no lease');
  return lease;
}
