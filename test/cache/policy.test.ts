/** Which proxies go: the rule by example, and random pools against what must always hold. */

import t from 'tap';
import type { AssetId, PoolKey } from '../../src/base/ids.js';
import { type Candidate, chooseVictims, DAY_MS, rankOf } from '../../src/cache/policy.js';
import { quotaBytes } from '../../src/cache/quota.js';

const NOW = 1_800_000_000_000;

function candidate(name: number, facts: Partial<Candidate> = {}): Candidate {
  const key = name.toString(16).padStart(64, '0') as PoolKey;
  const owners = [{ asset: name as AssetId, profile: 'edit' }];
  return { key, extension: '.mov', size: 100, owners, lastAt: NOW - DAY_MS, days: 0, kept: undefined, ...facts };
}

const keysOf = (candidates: readonly Candidate[]): number[] => candidates.map(({ owners }) => owners[0]?.asset ?? 0);

t.test('the one that was not used for longest goes first, and each day of use counts as a day', async (t) => {
  const old = candidate(1, { lastAt: NOW - 10 * DAY_MS });
  const often = candidate(2, { lastAt: NOW - 20 * DAY_MS, days: 15 });
  const lately = candidate(3, { lastAt: NOW - 4 * DAY_MS });
  const wish = { needed: 1, wanted: 150, usedBefore: NOW };
  t.same(keysOf(chooseVictims([lately, often, old], wish).victims), [1, 2]);
  const always = candidate(4, { lastAt: NOW - 40 * DAY_MS, days: 400 });
  t.equal(rankOf(always), NOW - 10 * DAY_MS, 'at most a month: nothing is kept for ever by its past');
});

t.test('when what is needed cannot be had nothing goes, and the reasons add up', async (t) => {
  const pool = [
    candidate(1, { kept: 'pinned' }),
    candidate(2, { kept: 'open', size: 50 }),
    candidate(3, { kept: 'shared', size: 7 }),
    candidate(4, { lastAt: NOW - 10 }),
    candidate(5),
  ];
  const { victims, freed, kept } = chooseVictims(pool, { needed: 101, wanted: 200, usedBefore: NOW - 1000 });
  t.same({ victims, freed, kept }, { victims: [], freed: 0, kept: { pinned: 100, open: 50, shared: 7, recent: 100 } });
});

t.test('in ten thousand random pools: never a protected one, never a worse one first, never too few', async (t) => {
  let seed = 20_261_121;
  const random = (below: number) => {
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((seed / 2_147_483_648) * below);
  };
  const reasons = [undefined, undefined, undefined, 'pinned', 'open', 'shared'] as const;
  let refused = 0;
  for (let round = 0; round < 10_000; round += 1) {
    const pool = Array.from({ length: random(12) }, (_, index) =>
      candidate(index + 1, {
        size: 1 + random(100),
        lastAt: NOW - random(60 * DAY_MS),
        days: random(60),
        kept: reasons[random(reasons.length)],
      }),
    );
    const needed = random(300);
    const wish = { needed, wanted: needed + random(50), usedBefore: NOW - random(10) * DAY_MS };
    const { victims, freed, kept } = chooseVictims(pool, wish);
    const removable = pool.filter((each) => each.kept === undefined && each.lastAt <= wish.usedBefore);
    const most = removable.reduce((sum, { size }) => sum + size, 0);
    const all = pool.reduce((sum, { size }) => sum + size, 0);
    const stays = removable.filter((each) => !victims.includes(each));
    const isRight =
      victims.every((victim) => removable.includes(victim)) &&
      victims.reduce((sum, { size }) => sum + size, 0) === freed &&
      (most >= needed ? freed >= needed : freed === 0) &&
      // Without its last victim it would not have been enough.
      freed - (victims.at(-1)?.size ?? 0) < Math.max(1, wish.wanted) &&
      (victims.length === 0 || stays.every((each) => victims.every((victim) => rankOf(victim) <= rankOf(each)))) &&
      Object.values(kept).reduce((sum, bytes) => sum + bytes, 0) === all - most;
    if (!isRight) t.fail('a choice is wrong', { pool, wish, victims, freed, kept });
    if (most < needed) refused += 1;
  }
  t.ok(refused > 100 && refused < 9900, `both outcomes were tried (${refused} refusals)`);
});

t.test('a quota is bytes or a share of the disk', async (t) => {
  t.equal(quotaBytes('500', 1e12), 500);
  t.equal(quotaBytes('2G', 1e12), 2e9);
  t.equal(quotaBytes('1.5 TiB', 1e12), 1.5 * 1024 ** 4);
  t.equal(quotaBytes('80%', 1000), 800);
  t.equal(quotaBytes('12.5 %', 1000), 125);
  t.equal(quotaBytes(undefined, 1000), undefined);
});
