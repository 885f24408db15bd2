import t from 'tap';
import { isWithin, parseHours } from '../../src/config/hours.js';

/** The 4th of January 2026 is a Sunday. */
const at = (day: number, hour: number, minute = 0) => new Date(2026, 0, 4 + day, hour, minute);
const within = (text: string, moment: Date) => {
  const hours = parseHours(text);
  if (hours === undefined) throw new Error(`'${text}' was not understood`);
  return isWithin(hours, moment);
};

t.test('a span goes over midnight when it ends before it begins', async (t) => {
  t.same(
    [19, 20, 23, 0, 5, 6].map((hour) => within('20:00-06:00', at(3, hour))),
    [false, true, true, true, true, false],
  );
  t.equal(within('20:00-06:00', at(3, 19, 59)), false);
  t.equal(within('9:30-17:00', at(3, 9, 30)), true);
  t.equal(within('9:30-17:00', at(3, 17)), false);
  t.equal(within('00:00-24:00', at(3, 23, 59)), true);
});

t.test('days limit a span, which belongs to the day on which it begins', async (t) => {
  const text = 'mon-fri 20:00-06:00, sat-sun';
  t.equal(within(text, at(5, 23)), true, 'Friday night');
  t.equal(within(text, at(6, 12)), true, 'Saturday noon');
  t.equal(within(text, at(1, 3)), false, 'Monday before dawn: Sunday’s span ended at midnight');
  t.equal(within(text, at(2, 3)), true, 'Tuesday before dawn belongs to Monday');
  t.equal(within('fri-mon', at(0, 0)), true, 'a week goes round');
  t.equal(within('wed', at(4, 0)), false);
  t.equal(within('always', at(4, 0)), true);
});

t.test('what is no such text is refused', async (t) => {
  for (const text of ['', '20:00', '25:00-06:00', '20:60-21:00', 'mo 20:00-06:00', '20:00-06:00,', '24:00-01:00']) {
    t.equal(parseHours(text), undefined, text);
  }
});
