import t from 'tap';
import { seeded, torture } from '../fixtures/watch-torture.js';

t.setTimeout(240_000);

const common = { watchers: 2, killMs: 2500, specs: 70 };

t.test('two watchers that are killed at random moments lose no spec, run none twice, and tell the truth', async (t) => {
  const balance = await torture({ ...common, folder: t.testdir({}), resume: false, stops: false, random: seeded(1) });
  t.comment(JSON.stringify(balance));
  t.strictSame(balance.faults, []);
  t.ok(balance.kills >= 3, 'they were killed, and again');
  t.equal(balance.completed + balance.interrupted + balance.refused, balance.specs);
});

t.test('killed, stopped and resumed, every job is finished in the end', async (t) => {
  const balance = await torture({ ...common, folder: t.testdir({}), resume: true, stops: true, random: seeded(2) });
  t.comment(JSON.stringify(balance));
  t.strictSame(balance.faults, []);
  t.equal(balance.interrupted, 0);
  t.ok(balance.kills > 0 && balance.stops > 0);
});
