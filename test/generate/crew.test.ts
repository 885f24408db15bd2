import t from 'tap';
import type { JobId, PoolKey } from '../../src/base/ids.js';
import { Crew } from '../../src/generate/crew.js';
import type { JobClass } from '../../src/jobs/job-class.js';
import type { Job } from '../../src/jobs/queue.js';

const job = (id: number, jobClass: JobClass, poolKey = `key ${id}`) =>
  ({ id: id as JobId, jobClass, poolKey: poolKey as PoolKey }) as Job;

function crewOf(workers: number, canSuspend = true) {
  const crew = new Crew(workers, () => canSuspend);
  const join = (each: Job) => crew.join(() => each, new AbortController());
  const working = () => crew.members.filter(({ pace }) => !pace.isSuspended).map((member) => Number(member.job().id));
  return { crew, join, working };
}

t.test('what is awaited takes the place of what nobody asked for, which goes on afterwards', async (t) => {
  const { crew, join, working } = crewOf(1);
  t.same(crew.openings(), ['interactive', 'prewarm', 'footage', 'backlog']);
  join(job(1, 'backlog'));
  t.same(crew.openings(), ['interactive', 'prewarm'], 'new footage waits for the backlog’s clip to end');
  const opened = join(job(2, 'interactive'));
  t.same(working(), [2]);
  t.same(crew.openings(), [], 'there is an end to it');
  crew.leave(opened);
  t.same(working(), [1]);
});

t.test(
  'a smaller budget lets the highest class and the eldest work, and none begins before these are done',
  async (t) => {
    const { crew, join, working } = crewOf(3);
    for (const each of [job(1, 'backlog'), job(2, 'prewarm'), job(3, 'backlog')]) join(each);
    crew.use({ encoders: 2, awaitedOnly: false });
    t.same(working(), [1, 2]);
    crew.use({ encoders: 2, awaitedOnly: true });
    t.same(working(), [2]);
    t.same(crew.openings(), ['interactive', 'prewarm']);
    crew.use({ encoders: 0, awaitedOnly: false });
    t.same(working(), []);
    t.same(crew.openings(), []);
    crew.use({ encoders: 3, awaitedOnly: false });
    t.same(working(), [1, 2, 3]);
  },
);

t.test('two jobs of one pool key count as one, and the first is not held up while the second is awaited', async (t) => {
  const { crew, join, working } = crewOf(1);
  join(job(1, 'backlog', 'same'));
  join(job(2, 'interactive', 'same'));
  t.same(working(), [1, 2], 'the second waits for the first');
  t.same(crew.openings(), []);
  crew.use({ encoders: 1, awaitedOnly: true });
  t.same(working(), [1, 2]);
});

t.test('where nothing can be made to stand still, a budget only keeps more from beginning', async (t) => {
  const { crew, join, working } = crewOf(2, false);
  join(job(1, 'backlog'));
  crew.use({ encoders: 0, awaitedOnly: false });
  t.same(working(), [1]);
  t.same(crew.openings(), []);
  crew.use({ encoders: 1, awaitedOnly: false });
  t.same(crew.openings(), [], 'and nothing takes another’s place');
});

t.test('lent encoders stand still at once where the budget shrinks or somebody waits', async (t) => {
  const { crew, join, working } = crewOf(3);
  const long = join(job(1, 'prewarm'));
  const [first, second] = [crew.lend(long), crew.lend(long)];
  if (first === undefined || second === undefined) throw new Error('there was room for both');
  t.equal(crew.lend(long), undefined, 'three are at work');
  const lent = () => [first, second].map(({ pace }) => !pace.isSuspended);
  crew.use({ encoders: 2, awaitedOnly: false });
  t.same([working(), lent()], [[1], [true, false]]);
  const opened = join(job(2, 'interactive'));
  t.same(
    [working(), lent()],
    [
      [1, 2],
      [false, false],
    ],
    'two at work, as many as may',
  );
  t.notOk(crew.hasRoom);
  crew.leave(opened);
  t.same(lent(), [true, false]);
  crew.use({ encoders: 0, awaitedOnly: false });
  t.same([working(), lent()], [[], [false, false]], 'with its job');
  crew.use({ encoders: 1, awaitedOnly: false });
  second.takeOver();
  t.same([working(), lent()], [[1], [false, true]], 'in the place of the first it follows the job');
  t.notOk(first.offer(), 'for the other there is no room');
  crew.use({ encoders: 2, awaitedOnly: false });
  t.ok(crew.hasRoom);
  second.end();
  t.ok(crew.lend(long));
});

t.test('a crew of nobody takes nothing', async (t) => {
  t.same(crewOf(0).crew.openings(), []);
});
