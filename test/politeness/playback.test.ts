import t from 'tap';
import type { OpenHandle } from '../../src/mount/driver.js';
import { PlaybackWatch } from '../../src/politeness/playback.js';

const handle = (pid: number, path: string, since = 0) => ({ pid, path, since, process: `p${pid}` }) as OpenHandle;

function scene() {
  const world = { handles: [] as OpenHandle[], reads: 0, bytes: new Map<number, number>(), now: 1_000_000 };
  const watch = new PlaybackWatch({
    handles: () => world.handles,
    reads: () => world.reads,
    bytesReadBy: async (pid) => world.bytes.get(pid),
  });
  /** One second in which these processes read so much. */
  const second = async (read: Record<number, number> = {}) => {
    world.now += 1000;
    for (const [pid, bytes] of Object.entries(read))
      world.bytes.set(Number(pid), (world.bytes.get(Number(pid)) ?? 0) + bytes);
    return await watch.look(world.now);
  };
  return { world, second };
}

const MEGABYTE = 1_000_000;

t.test('who holds a clip and reads on plays, from the second second of it until five after its end', async (t) => {
  const { world, second } = scene();
  world.bytes.set(7, 50 * MEGABYTE);
  t.equal(await second({ 7: MEGABYTE }), undefined, 'without a clip in its hands it may read what it likes');
  world.handles = [handle(7, 'old.mov', 1), handle(7, 'new.mov', 2)];
  t.equal(await second({ 7: MEGABYTE }), undefined, 'what it read before counts for nothing');
  t.equal(await second({ 7: MEGABYTE }), undefined, 'opening a clip to look at it is no playback');
  t.match(await second({ 7: MEGABYTE }), { pid: 7, process: 'p7', path: 'new.mov' });
  for (let pause = 0; pause < 5; pause += 1) t.ok(await second(), `pause ${pause}`);
  t.equal(await second(), undefined);
});

t.test('an editor that only holds its clips open does not play', async (t) => {
  const { world, second } = scene();
  world.bytes.set(7, 0);
  world.handles = Array.from({ length: 100 }, (_, index) => handle(7, `${index}.mov`));
  for (let looks = 0; looks < 5; looks += 1) t.equal(await second({ 7: 20_000 }), undefined);
});

t.test('where a process cannot be looked into, the reads that reach the daemon speak for it', async (t) => {
  const { world, second } = scene();
  world.handles = [handle(9, 'shared.mov')];
  await second();
  t.equal(await second(), undefined);
  world.reads += 40;
  t.equal(await second(), undefined);
  world.reads += 40;
  t.match(await second(), { path: 'shared.mov' });
});
