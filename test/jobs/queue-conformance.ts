/** What every backend of the job queue has to do. Each backend's test runs this with its own factory. */

import t from 'tap';
import type { AssetId, JobId, PoolKey } from '../../src/base/ids.js';
import { ROOT, type VirtualPath } from '../../src/base/paths.js';
import type { JobClass } from '../../src/jobs/job-class.js';
import type { JobQueue, JobRequest } from '../../src/jobs/queue.js';

export interface Backend {
  readonly queue: JobQueue;
  /** Milliseconds the queue believes it is. */
  readonly clock: { time: number };
  close(): void;
}

export const requestOf = (
  asset: number,
  jobClass: JobClass = 'prewarm',
  key = `key ${asset}`,
  path = `clip ${asset}.mov`,
): JobRequest => ({
  asset: asset as AssetId,
  poolKey: key as PoolKey,
  profile: 'proxy_test',
  jobClass,
  path: path as VirtualPath,
});

export function testQueue(name: string, open: (test: { testdir(): string }) => Backend): void {
  const test = (title: string, body: (t: Tap, backend: Backend) => void) =>
    t.test(`${name}: ${title}`, async (t) => {
      const backend = open(t);
      try {
        body(t, backend);
      } finally {
        backend.close();
      }
    });
  type Tap = Pick<typeof t, 'equal' | 'same' | 'match' | 'not' | 'ok' | 'throws'>;

  test('jobs are leased by class, then in the order of arrival', (t, { queue }) => {
    queue.enqueue([requestOf(1, 'backlog'), requestOf(2, 'footage'), requestOf(3), requestOf(4)]);
    queue.enqueue([requestOf(5, 'interactive'), requestOf(6)]);
    t.same(
      queue.list({ state: 'waiting', limit: 3 }).map((job) => job.asset),
      [5, 3, 4],
    );
    const order = Array.from({ length: 7 }, () => queue.lease('w', 1000)?.job.asset);
    t.same(order, [5, 3, 4, 6, 2, 1, undefined]);
  });

  test('the next job is looked at without being taken, and what finds no room is passed over', (t, {
    queue,
    clock,
  }) => {
    const [first, second, third] = queue.enqueue([requestOf(1, 'interactive'), requestOf(2), requestOf(3, 'backlog')]);
    const ids = (...jobs: (typeof first)[]) => jobs.flatMap((job) => job?.id ?? []);
    t.match(queue.next(), { id: first?.id, state: 'waiting', attempts: 0 });
    t.match(queue.next(['prewarm', 'backlog']), { id: second?.id });
    t.match(queue.next(undefined, ids(first, second)), { id: third?.id });
    t.equal(queue.next(undefined, ids(first, second, third)), undefined);
    t.equal(queue.lease('w', 1000, undefined, ids(first, second, third)), undefined);
    t.equal(queue.lease('w', 1000, undefined, ids(first))?.job.asset, 2);
    t.equal(queue.lease('w', 1000, ['backlog'], ids(first))?.job.asset, 3);
    t.match(queue.next(undefined, ids(first)), undefined, 'none that is being made');
    clock.time += 1001;
    t.match(queue.next(undefined, ids(first)), { id: second?.id }, 'one whose lease ended waits again');
    queue.pause({ path: ROOT, jobClass: undefined });
    t.equal(queue.next(), undefined, 'none that is held');
  });

  test('a job is there once, and its class only rises', (t, { queue }) => {
    const [first] = queue.enqueue([requestOf(1, 'backlog')]);
    const jobs = queue.enqueue([
      requestOf(1, 'interactive'),
      requestOf(1, 'footage'),
      requestOf(1, 'footage', 'other'),
    ]);
    t.same(
      jobs.map((job) => job.jobClass),
      ['interactive', 'interactive', 'footage'],
    );
    t.equal(jobs[0]?.id, first?.id);
    t.not(jobs[2]?.id, first?.id, 'another recipe is another job');
    t.equal(queue.latestOf(1 as AssetId)?.id, jobs[2]?.id);
    t.equal(queue.counts().waiting, 2);
  });

  test('of what is asked for together some may be there already, or be asked for twice', (t, { queue }) => {
    queue.enqueue([requestOf(2), requestOf(3, 'backlog')]);
    const lease = queue.lease('w', 1000);
    const asked = [requestOf(4), requestOf(3), requestOf(2), requestOf(4), requestOf(1, 'prewarm', 'k', 'a "ü".mov')];
    const jobs = queue.enqueue(asked, { inTurn: true });
    t.same(
      jobs.map(({ asset, jobClass, path, poolKey, state }) => ({ asset, jobClass, path, poolKey, state })),
      asked.map(({ asset, poolKey, path }) => ({
        ...{ asset, poolKey, path, jobClass: 'prewarm' },
        state: asset === 2 ? 'running' : 'waiting',
      })),
    );
    t.equal(jobs[0]?.id, jobs[3]?.id, 'one job');
    t.equal(jobs[2]?.id, lease?.job.id);
    t.same(
      jobs.map(({ id }) => queue.get(id)),
      jobs,
      'as they are in the queue',
    );
    t.same(
      queue.list({ state: 'waiting' }).map(({ asset }) => asset),
      [3, 4, 1],
      'in turn; what was asked for twice, as it was asked for last',
    );
    t.same(queue.enqueue([]), []);
  });

  test('a leased job is nobody else’s, and only its token completes it', (t, { queue }) => {
    queue.enqueue([requestOf(1)]);
    const lease = queue.lease('w', 1000);
    if (lease === undefined) throw new Error('no lease');
    t.equal(lease.job.state, 'running');
    t.equal(lease.job.attempts, 1);
    t.equal(queue.lease('v', 1000), undefined);
    t.throws(() => queue.complete({ ...lease, token: 'guessed' }), { code: 'job/lease-lost' });
    queue.complete(lease);
    t.match(queue.get(lease.job.id), { state: 'done', reason: undefined });
    t.throws(() => queue.complete(lease), { code: 'job/lease-lost' });
  });

  test('what waits for the same asset in the same class is leased together', (t, { queue }) => {
    const others = [requestOf(1, 'prewarm', 'b'), requestOf(1, 'prewarm', 'c'), requestOf(1, 'backlog', 'd')];
    queue.enqueue([requestOf(1, 'prewarm', 'a'), requestOf(2), ...others]);
    const lease = queue.lease('w', 1000);
    if (lease === undefined) throw new Error('no lease');
    const beside = queue.leaseBeside(lease, 'w', 1000);
    t.same(
      beside.map(({ job }) => [job.asset, job.poolKey, job.state, job.attempts]),
      [
        [1, 'b', 'running', 1],
        [1, 'c', 'running', 1],
      ],
    );
    t.same(queue.leaseBeside(lease, 'w', 1000), [], 'once');
    for (const each of beside) queue.complete(each);
    queue.complete(lease);
    t.equal(queue.lease('w', 1000)?.job.asset, 2, 'another clip, and what nobody asked for, wait their turn');
    t.match(queue.lease('w', 1000)?.job, { asset: 1, poolKey: 'd' });
  });

  test('an expired lease is ready again and the old holder has lost it', (t, { queue, clock }) => {
    queue.enqueue([requestOf(1)]);
    const old = queue.lease('w', 1000);
    if (old === undefined) throw new Error('no lease');
    clock.time += 600;
    const renewed = queue.renew(old, 1000);
    clock.time += 600;
    t.equal(queue.lease('v', 1000), undefined, 'a renewed lease holds on');
    clock.time += 400;
    const taken = queue.lease('v', 1000);
    t.equal(taken?.job.id, old.job.id);
    t.equal(taken?.job.attempts, 2);
    for (const act of [() => queue.complete(renewed), () => queue.renew(old, 1), () => queue.release(old)]) {
      t.throws(act, { code: 'job/lease-lost' });
    }
  });

  test('a failing job is tried three times, then failed with its reason until asked for again', (t, { queue }) => {
    queue.enqueue([requestOf(1), requestOf(2)]);
    const seen: (number | undefined)[] = [];
    for (let lease = queue.lease('w', 1000); lease !== undefined; lease = queue.lease('w', 1000)) {
      seen.push(lease.job.asset);
      if (lease.job.asset === 1) queue.fail(lease, 'ffmpeg died', { retry: true });
      else queue.complete(lease);
    }
    t.same(seen, [1, 2, 1, 1], 'a failed one goes behind the others');
    t.match(queue.latestOf(1 as AssetId), { state: 'failed', reason: 'ffmpeg died', attempts: 3 });
    t.equal(queue.enqueue([requestOf(1)])[0]?.state, 'failed');
    t.match(queue.enqueue([requestOf(1)], { retryFailed: true }), [
      { state: 'waiting', attempts: 0, reason: undefined },
    ]);
  });

  test('what is asked for in turn comes in that order, whatever waited before', (t, { queue }) => {
    queue.enqueue([1, 2, 3].map((asset) => ({ ...requestOf(asset), jobClass: 'backlog' })));
    queue.enqueue([{ ...requestOf(4), jobClass: 'interactive' }, requestOf(5)]);
    const ask = [3, 4, 6, 1].map((asset) => ({ ...requestOf(asset), jobClass: 'prewarm' }) as const);
    queue.enqueue(ask, { inTurn: true });
    const order = () => queue.list({ state: 'waiting' }).map(({ asset }) => asset);
    t.same(
      order().filter((asset) => asset !== 5),
      [4, 3, 6, 1, 2],
      'and never behind its own class',
    );
    queue.enqueue([...ask].reverse(), { inTurn: true });
    t.same(
      order().filter((asset) => asset !== 5),
      [4, 1, 6, 3, 2],
    );
    queue.enqueue(ask);
    t.same(
      order().filter((asset) => asset !== 5),
      [4, 1, 6, 3, 2],
      'otherwise what waits keeps its turn',
    );
  });

  test('a job that cannot succeed fails at once', (t, { queue }) => {
    queue.enqueue([requestOf(1)]);
    const lease = queue.lease('w', 1000);
    if (lease === undefined) throw new Error('no lease');
    t.match(queue.fail(lease, 'rejected: frame count', { retry: false }), { state: 'failed', attempts: 1 });
    t.equal(queue.lease('w', 1000), undefined);
  });

  test('a job that lets its worker vanish three times has failed', (t, { queue, clock }) => {
    queue.enqueue([requestOf(1)]);
    for (let attempt = 1; attempt <= 3; attempt += 1) {
      t.equal(queue.lease('w', 1000)?.job.attempts, attempt);
      clock.time += 1001;
    }
    t.equal(queue.lease('w', 1000), undefined);
    t.match(queue.latestOf(1 as AssetId), { state: 'failed', reason: /stopped answering/ });
  });

  test('a released job keeps its place and loses no attempt', (t, { queue }) => {
    queue.enqueue([requestOf(1), requestOf(2)]);
    for (let round = 0; round < 5; round += 1) {
      const lease = queue.lease('w', 1000);
      if (lease === undefined) throw new Error('no lease');
      t.same([lease.job.asset, lease.job.attempts], [1, 1]);
      queue.release(lease);
    }
    const lease = queue.lease('w', 1000);
    if (lease === undefined) throw new Error('no lease');
    queue.release(lease, { last: true });
    t.match(queue.lease('w', 1000)?.job, { asset: 2 }, 'unless it lets the others go first');
    t.match(queue.lease('w', 1000)?.job, { asset: 1, attempts: 1 });
  });

  test('cancelled jobs are over, running ones lose their lease, and both can be asked for again', (t, { queue }) => {
    const jobs = queue.enqueue([requestOf(1), requestOf(2), requestOf(3)]);
    const lease = queue.lease('w', 1000);
    if (lease === undefined) throw new Error('no lease');
    const ids = [jobs[0], jobs[1]].map((job) => job?.id as JobId);
    t.equal(queue.cancel([...ids, 999_999 as JobId]), 2);
    t.equal(queue.cancel(ids), 0);
    t.throws(() => queue.complete(lease), { code: 'job/lease-lost' });
    t.same(queue.counts(), { waiting: 1, running: 0, done: 0, failed: 0, cancelled: 2 });
    t.match(queue.enqueue([requestOf(1), requestOf(2)]), [{ state: 'waiting' }, { state: 'waiting' }]);
  });

  test('a job that is done starts anew when its proxy is asked for again', (t, { queue, clock }) => {
    queue.enqueue([requestOf(1)]);
    const lease = queue.lease('w', 1000);
    if (lease === undefined) throw new Error('no lease');
    queue.complete(lease);
    clock.time += 5;
    t.match(queue.enqueue([requestOf(1)]), [
      { id: lease.job.id, state: 'waiting', attempts: 0, updatedAt: clock.time },
    ]);
  });

  test('what is paused is not leased: everything, a class, or a path with what lies below it', (t, { queue }) => {
    const at = (asset: number, path: string, jobClass: JobClass = 'prewarm') => requestOf(asset, jobClass, 'k', path);
    queue.enqueue([at(1, 'A'), at(2, 'A/1.mov', 'interactive'), at(3, 'AB/1.mov'), at(4, 'B.mov', 'backlog')]);
    const leasable = () => {
      const leases = Array.from({ length: 5 }, () => queue.lease('w', 1000)).filter((lease) => lease !== undefined);
      for (const lease of leases) queue.release(lease);
      return leases.map(({ job }) => job.asset);
    };
    t.same(leasable(), [2, 1, 3, 4]);
    const folder = { path: 'A' as VirtualPath, jobClass: undefined };
    t.match(queue.pause(folder), { path: 'A', until: undefined });
    t.same(leasable(), [3, 4], 'a name that only begins alike is another path');
    t.same(
      queue.list().map(({ asset, hold }) => [asset, hold?.path]),
      [4, 3, 2, 1].map((asset) => [asset, asset < 3 ? 'A' : undefined]),
    );
    queue.pause({ path: ROOT, jobClass: 'backlog' });
    t.same(leasable(), [3]);
    queue.pause({ path: ROOT, jobClass: undefined });
    t.same(leasable(), []);
    t.match(queue.resume({ path: ROOT, jobClass: 'backlog' }), [{ jobClass: 'backlog' }]);
    t.same(leasable(), [], 'the project is still paused');
    t.match(queue.resume(folder), [folder]);
    t.match(queue.holds(), [{ path: '', jobClass: undefined }]);
    t.equal(queue.resume({ path: ROOT, jobClass: undefined }).length, 1);
    t.same(leasable(), [2, 1, 3, 4]);
  });

  test('a pause ends at its time, and pausing again sets another', (t, { queue, clock }) => {
    queue.enqueue([requestOf(1)]);
    const all = { path: ROOT, jobClass: undefined };
    queue.pause(all, clock.time + 1000);
    queue.pause(all, clock.time + 2000);
    clock.time += 1500;
    t.equal(queue.lease('w', 1000), undefined);
    t.match(queue.list({ state: 'waiting' }), [{ hold: { until: clock.time + 500 } }]);
    clock.time += 500;
    t.same(queue.holds(), []);
    t.equal(queue.lease('w', 1000)?.job.asset, 1);
  });

  test('a lease may be asked for in some classes only', (t, { queue }) => {
    queue.enqueue([requestOf(1, 'backlog'), requestOf(2, 'footage')]);
    t.equal(queue.lease('w', 1000, ['interactive', 'prewarm']), undefined);
    t.equal(queue.lease('w', 1000, ['interactive', 'backlog'])?.job.asset, 1);
  });

  test('what a person cancelled comes back when somebody asks for it, not by itself', (t, { queue }) => {
    const [job] = queue.enqueue([requestOf(1)]);
    queue.cancel([job?.id as JobId], 'cancelled by hand');
    t.match(queue.enqueue([requestOf(1, 'backlog')]), [{ state: 'cancelled', reason: 'cancelled by hand' }]);
    t.match(queue.enqueue([requestOf(1, 'footage')]), [{ state: 'cancelled' }]);
    t.match(queue.enqueue([requestOf(1, 'interactive')]), [{ state: 'waiting', reason: undefined }]);
  });

  test('a list has each job’s turn, and where it lies', (t, { queue }) => {
    const at = (asset: number, path: string, jobClass: JobClass) => requestOf(asset, jobClass, 'k', path);
    queue.enqueue([at(1, 'A/1.mov', 'backlog'), at(2, 'B/2.mov', 'prewarm'), at(3, 'A/3.mov', 'footage')]);
    const seen = (path: string) =>
      queue.list({ state: 'waiting', path: path as VirtualPath }).map(({ asset, position }) => [asset, position]);
    t.same(seen(''), [
      [2, 1],
      [3, 2],
      [1, 3],
    ]);
    t.same(seen('A'), [
      [3, 2],
      [1, 3],
    ]);
    queue.enqueue([at(1, 'C/moved.mov', 'backlog')]);
    t.same(seen('C'), [[1, 3]], 'a job follows its clip');
    t.equal(queue.lease('w', 1000)?.job.asset, 2);
    t.match(queue.list({ state: 'running' }), [{ asset: 2, position: undefined }]);
    t.same(seen(''), [
      [3, 1],
      [1, 2],
    ]);
  });

  test('a hundred thousand jobs are enqueued in five seconds', (t, { queue }) => {
    const requests = Array.from({ length: 100_000 }, (_, asset) => requestOf(asset));
    const start = process.cpuUsage();
    const jobs = queue.enqueue(requests);
    // Wall time is up to whatever else the machine does.
    const { user, system } = process.cpuUsage(start);
    const took = (user + system) / 1000;
    t.equal(jobs.length, 100_000);
    t.ok(took < 5000, `took ${Math.round(took)} ms`);
    t.equal(queue.lease('w', 1000)?.job.asset, 0);
  });
}
