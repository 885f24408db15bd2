import { setImmediate } from 'node:timers/promises';
import t from 'tap';
import type { VolumeEvent } from '../../src/mount/driver.js';
import { EventBacklog } from '../../src/mount/event-backlog.js';
import { type LiveEvent, toVolumeEvent } from '../../src/mount/native-events.js';
import { ProcessNames } from '../../src/mount/process-name.js';

const processes = new ProcessNames();
const backlog = () => new EventBacklog((event) => toVolumeEvent(event, processes));

const opened = (ino: number, pid = process.pid): LiveEvent => {
  return { kind: 'opened', path: Buffer.from(`${ino}.mov`), dev: 1n, ino: BigInt(ino), replaced: false, pid };
};
const idle = (ino: number): LiveEvent => ({ kind: 'idle', path: Buffer.from(`${ino}.mov`), dev: 1n, ino: BigInt(ino) });
const changed = (name: string): LiveEvent => ({ kind: 'changed', path: Buffer.from(name) });

/** Told until nothing has come for some turns of the event loop. */
async function told(events: readonly VolumeEvent[]): Promise<void> {
  for (let seen = -1, still = 0; still < 5; still = seen === events.length ? still + 1 : 0) {
    seen = events.length;
    await setImmediate();
  }
}

t.test('events are told in their order, those from before there was a listener too', async (t) => {
  const events: VolumeEvent[] = [];
  const waiting = backlog();
  waiting.push(changed('a'));
  waiting.push(opened(1));
  waiting.listen((event) => events.push(event));
  waiting.push(idle(1));
  t.equal(events.length, 0, 'not while somebody else is at work');
  await told(events);
  t.same(
    events.map(({ kind }) => kind),
    ['changed', 'opened', 'idle'],
  );
});

t.test('what waits to be told is not told twice, what was told is told again', async (t) => {
  const events: VolumeEvent[] = [];
  const waiting = backlog();
  waiting.listen((event) => events.push(event));
  for (let round = 0; round < 20_000; round += 1) {
    waiting.push(opened(1));
    waiting.push(idle(1));
    waiting.push(changed('a'));
  }
  waiting.push(opened(2));
  await told(events);
  t.same(
    events.map((event) => `${event.kind} ${'path' in event ? event.path : ''}`),
    ['opened 1.mov', 'idle 1.mov', 'changed a', 'opened 2.mov'],
  );
  waiting.push(opened(1));
  await told(events);
  t.equal(events.length, 5);
});

t.test('a flood leaves the event loop to others, and only what has to be looked for is told as lost', async (t) => {
  const events: VolumeEvent[] = [];
  const waiting = backlog();
  const slow = 0.05;
  waiting.listen((event) => {
    events.push(event);
    for (const until = performance.now() + slow; performance.now() < until; );
  });
  for (let ino = 0; ino < 10_000; ino += 1) waiting.push(opened(ino));
  let turns = 0;
  for (; events.length < 8192; turns += 1) await setImmediate();
  await told(events);
  t.equal(events.length, 8192, 'opens that have no room are no news');
  t.ok(turns > 20, `others had ${turns} turns in ${8192 * slow} ms`);

  for (let name = 0; name < 8200; name += 1) waiting.push(changed(String(name)));
  waiting.push({ kind: 'lost', count: 5 });
  await told(events);
  while (events.at(-1)?.kind !== 'lost') await setImmediate();
  t.same(events.at(-1), { kind: 'lost', count: 8 + 5 }, 'changes are, and are told last');
});

t.test('a listener that throws neither stops the others nor goes unnoticed', async (t) => {
  const events: VolumeEvent[] = [];
  const waiting = backlog();
  const thrown = new Promise((resolve) => process.once('uncaughtException', resolve));
  waiting.listen((event) => {
    events.push(event);
    if (event.kind === 'idle') throw new Error('one listener');
  });
  waiting.push(idle(1));
  waiting.push(changed('a'));
  t.match(await thrown, /one listener/);
  await told(events);
  t.same(
    events.map(({ kind }) => kind),
    ['idle', 'changed'],
  );
});
