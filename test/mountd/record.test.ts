import t from 'tap';
import { QueuedRecord } from '../../mountd/record.js';
import type { AssetId, PoolKey } from '../../src/base/ids.js';
import type { VirtualPath } from '../../src/base/paths.js';
import type { Enqueued } from '../../src/generate/enqueue.js';
import type { NewEvent } from '../../src/journal/event.js';

const SINCE = 1000;
const who = { command: 'proxyfs prewarm show', user: 'assistant' };

function queued(path: string, profile = 'edit', updatedAt = SINCE): Enqueued {
  const job = { asset: 7 as AssetId, poolKey: `key of ${path}` as PoolKey, profile, jobClass: 'prewarm', updatedAt };
  return { kind: 'queued', path: path as VirtualPath, job, profile } as unknown as Enqueued;
}

function recorded(areMany: boolean, ...batches: readonly (readonly Enqueued[])[]): readonly NewEvent[] {
  const events: NewEvent[] = [];
  const record = new QueuedRecord({ record: (event) => void events.push(event) }, who, areMany);
  for (const batch of batches) record.add(batch, SINCE);
  record.end();
  return events;
}

t.test('of a few clips each has its event, but what waited already', async (t) => {
  const ineligible = { kind: 'ineligible' } as unknown as Enqueued;
  t.match(recorded(false, [queued('a/1.mov'), ineligible, queued('b/2.mov', 'edit', SINCE - 1), queued('3.mov')]), [
    { kind: 'queued', path: 'a/1.mov', asset: 7, who, facts: { poolKey: 'key of a/1.mov' } },
    { kind: 'queued', path: '3.mov', asset: 7, who },
  ]);
});

t.test('of many there is one event, of the folder that they have in common, for each profile', async (t) => {
  const event = (path: string, profile: string, count: number) => {
    return { kind: 'queued', path, who, facts: { profile, jobClass: 'prewarm', count } };
  };
  const old = queued('elsewhere/0.mov', 'edit', SINCE - 1);
  const first = [queued('show/A001/1.mov'), queued('show/A001/x/2.mov'), old];
  t.same(recorded(true, first), [event('show/A001', 'edit', 2)]);
  t.same(recorded(true, first, [queued('show/A0011/3.mov'), queued('show/B/4.mov', 'light')]), [
    event('show', 'edit', 3),
    event('show/B', 'light', 1),
  ]);
  t.same(recorded(true, first, [queued('5.mov')]), [event('', 'edit', 3)]);
  t.same(recorded(true, [old]), []);
});
