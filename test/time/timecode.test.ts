import fc from 'fast-check';
import timecodeOf from 'smpte-timecode';
import t from 'tap';
import { parseRational, type Rational } from '../../src/time/rational.js';
import {
  canDropFrame,
  formatTimecode,
  frameNumber,
  nominalRate,
  parseTimecode,
  timecodeAt,
} from '../../src/time/timecode.js';

const rate = (text: string): Rational => {
  const value = parseRational(text);
  if (value === undefined) throw new Error(`not a rate: ${text}`);
  return value;
};

const RATES = [
  '24000/1001',
  '24',
  '25',
  '30000/1001',
  '30',
  '48',
  '50',
  '60000/1001',
  '60',
  '100',
  '120000/1001',
  '120',
];
/** The rates that smpte-timecode knows, under its names. */
const REFERENCE = new Map([
  ['24000/1001', 23.976],
  ['24', 24],
  ['25', 25],
  ['30000/1001', 29.97],
  ['30', 30],
  ['50', 50],
  ['60000/1001', 59.94],
  ['60', 60],
] as const);

t.test('every frame of a day keeps its number through its timecode, at every rate', async (t) => {
  for (const text of RATES) {
    const exact = rate(text);
    for (const dropFrame of canDropFrame(exact) ? [false, true] : [false]) {
      const day = frameNumber(
        { hours: 23, minutes: 59, seconds: 59, frames: nominalRate(exact) - 1, dropFrame },
        exact,
      );
      fc.assert(
        fc.property(fc.integer({ min: 0, max: day }), (frame) => {
          const label = formatTimecode(timecodeAt(frame, exact, dropFrame), exact);
          const parsed = parseTimecode(label);
          return parsed !== undefined && frameNumber(parsed, exact) === frame;
        }),
      );
      t.same(timecodeAt(day + 1, exact, dropFrame), { hours: 0, minutes: 0, seconds: 0, frames: 0, dropFrame }, text);
      t.equal(frameNumber(timecodeAt(-1, exact, dropFrame), exact), day, `${text} wraps backwards`);
    }
  }
});

t.test('labels agree with an independent implementation, drop-frame included', async (t) => {
  for (const [text, reference] of REFERENCE) {
    const exact = rate(text);
    for (const dropFrame of canDropFrame(exact) ? [false, true] : [false]) {
      fc.assert(
        fc.property(fc.integer({ min: 0, max: 2_000_000 }), (frame) => {
          const ours = formatTimecode(timecodeAt(frame, exact, dropFrame), exact);
          return ours === timecodeOf(frame, reference, dropFrame).toString();
        }),
      );
    }
  }
  t.pass('all rates agreed');
});

t.test('drop-frame leaves out two labels a minute for 30 frames, none in each tenth minute', async (t) => {
  const ntsc = rate('30000/1001');
  const label = (frame: number) => formatTimecode(timecodeAt(frame, ntsc, true), ntsc);
  t.equal(label(1799), '00:00:59;29');
  t.equal(label(1800), '00:01:00;02');
  t.equal(label(17981), '00:09:59;29');
  t.equal(label(17982), '00:10:00;00');
  const fast = rate('120000/1001');
  t.equal(formatTimecode(timecodeAt(7200, fast, true), fast), '00:01:00;008', 'eight at 119.88, in three digits');
});

t.test('labels that do not exist are refused by name', async (t) => {
  const number = (text: string, at: string) => {
    const timecode = parseTimecode(text);
    if (timecode === undefined) throw new Error(`not parsed: ${text}`);
    return frameNumber(timecode, rate(at));
  };
  t.throws(() => number('00:01:00;00', '30000/1001'), { code: 'request/invalid', message: /00:01:00;00/ });
  t.throws(() => number('01:00:00;00', '24'), { code: 'request/invalid', message: /24 frames a second/ });
  t.throws(() => number('01:00:00:25', '25'), { code: 'request/invalid', message: /frame 25/ });
  for (const text of ['1:00:00:00', '24:00:00:00', '00:60:00:00', '00:00:00', 'a', '00:00:00:0']) {
    t.equal(parseTimecode(text), undefined, text);
  }
  t.equal(canDropFrame(rate('24000/1001')), false);
  t.equal(canDropFrame(rate('30')), false);
});
