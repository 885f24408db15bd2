import t from 'tap';
import { parseHours } from '../../src/config/hours.js';
import { decide, type Policy, type Politeness, type Seen } from '../../src/politeness/decide.js';

const policy = (politeness: Politeness = 'normal', text = 'always', workers = 4): Policy => ({
  politeness,
  workers,
  hours: parseHours(text) ?? { text, spans: [] },
});
const seen = (pressure: Partial<Seen['pressure']> = {}, rest: Partial<Seen> = {}): Seen => ({
  at: new Date(2026, 0, 7, 12, 0),
  player: undefined,
  ...rest,
  pressure: { cpu: 0, io: 0, memory: 0, ...pressure },
});
const player = { pid: 7, process: 'editor', path: 'a.mov' };

t.test('a quiet machine gives everything, and nothing is said about it', async (t) => {
  t.strictSame(decide(policy(), seen({ cpu: 0.4, io: 0.2 })), { encoders: 4, awaitedOnly: false, reason: undefined });
});

t.test('pressure leaves fewer encoders, one at least, and memory that is gone leaves none', async (t) => {
  t.match(decide(policy(), seen({ cpu: 0.75 })), { encoders: 2, reason: 'others use 75 % of the processors' });
  t.match(decide(policy(), seen({ cpu: 1 })), { encoders: 1 });
  t.match(decide(policy(), seen({ io: 0.4 })), { encoders: 2, reason: /disks are busy .*40 %/ });
  t.match(decide(policy(), seen({ io: 1 })), { encoders: 1 });
  t.match(decide(policy(), seen({ memory: 0.2, io: 1 })), { encoders: 1, reason: /disks/ }, 'the tightest counts');
  t.match(decide(policy(), seen({ memory: 0.5 })), { encoders: 0, reason: /memory is short/ });
  t.match(decide(policy('normal', 'always', 1), seen({ cpu: 1, io: 1 })), { encoders: 1, reason: undefined });
});

t.test('while somebody plays only what is awaited is made, one at a time; strict makes nothing', async (t) => {
  t.match(decide(policy(), seen({}, { player })), {
    ...{
      encoders: 1,
      awaitedOnly: true,
      reason: 'editor (pid 7) plays a.mov: only what is opened or asked for is made',
    },
  });
  t.match(decide(policy('strict'), seen({}, { player })), { encoders: 0, reason: 'editor (pid 7) plays a.mov' });
  t.match(decide(policy('strict'), seen({ cpu: 0.8 })), { encoders: 0 });
  t.match(decide(policy('off'), seen({ cpu: 1, memory: 1, io: 1 }, { player })), { encoders: 4, awaitedOnly: false });
});

t.test('outside the hours only what is awaited is made, whoever is polite', async (t) => {
  const night = '20:00-06:00';
  const expected = { encoders: 4, awaitedOnly: true, reason: /outside the hours 20:00-06:00: only what is opened/ };
  for (const each of ['off', 'normal'] as const) t.match(decide(policy(each, night), seen()), expected);
  t.match(decide(policy('strict', night), seen()), { encoders: 0, reason: /outside the hours/ });
  t.match(decide(policy('normal', night), seen({}, { at: new Date(2026, 0, 7, 23, 0) })), { awaitedOnly: false });
  t.match(decide(policy('normal', night), seen({ cpu: 1 })), { encoders: 1, awaitedOnly: true, reason: /others use/ });
});
