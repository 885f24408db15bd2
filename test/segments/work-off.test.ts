/** Who encodes which row: pure bookkeeping, without FFmpeg. */

import t from 'tap';
import { Pace } from '../../src/ffmpeg/pace.js';
import { rowsOf, type Segment, segmentsOf } from '../../src/segments/bounds.js';
import type { Stretch } from '../../src/segments/stretch.js';
import { type Loan, workOff } from '../../src/segments/work-off.js';

const SEGMENTS = segmentsOf(95, 10);
const indexes = (segments: readonly Segment[]) => segments.map(({ index }) => index);
const signal = new AbortController().signal;

/** An encoder that may be kept for as long as `offer` says so. */
function loanOf({ offer = () => true, end = () => {}, takeOver = () => {} }: Partial<Loan> = {}): Loan {
  return { pace: new Pace(), offer, end, takeOver };
}

/** Takes segments one by one, giving way after each. */
async function encode(stretch: Stretch, done: number[]): Promise<void> {
  while (stretch.current !== undefined) {
    done.push(stretch.current.index);
    stretch.pass();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

t.test('segments that follow each other are one row', async (t) => {
  const [a, b, , c] = SEGMENTS;
  if (a === undefined || b === undefined || c === undefined) throw new Error('four segments');
  t.same(rowsOf([a, b, c]).map(indexes), [[0, 1], [3]]);
  t.same(rowsOf([]), []);
});

t.test('one encoder makes them all in order', async (t) => {
  const [done, rows]: [number[], number[][]] = [[], []];
  const work = (stretch: Stretch) => {
    rows.push(indexes(stretch.segments));
    return encode(stretch, done);
  };
  await workOff(SEGMENTS, work, { signal });
  t.same(done, indexes(SEGMENTS));
  t.equal(rows.length, 1);
});

t.test('a lent one takes half of what is not begun, and each segment is made once', async (t) => {
  const done: number[] = [];
  const rows: number[][] = [];
  let lent = 0;
  const borrow = () => {
    if (lent === 2) return undefined;
    lent += 1;
    const end = () => {
      lent -= 1;
    };
    return loanOf({ end });
  };
  const work = (stretch: Stretch) => {
    rows.push(indexes(stretch.segments));
    return encode(stretch, done);
  };
  await workOff(SEGMENTS, work, { signal, borrow });
  t.same(rows.slice(0, 3), [indexes(SEGMENTS), [6, 7, 8, 9], [4, 5]]);
  t.same([...done].sort(), indexes(SEGMENTS));
  t.equal(lent, 0, 'all are given back');
});

t.test('what is encoded already is not given away', async (t) => {
  const rows: number[][] = [];
  const done: number[] = [];
  let isFree = false;
  const borrow = () => (isFree ? loanOf() : undefined);
  const work = async (stretch: Stretch) => {
    rows.push(indexes(stretch.segments));
    if (rows.length === 1) {
      stretch.reach(75);
      isFree = true;
      // The first row goes on when the second has begun.
      while (rows.length === 1) await new Promise((resolve) => setImmediate(resolve));
      t.equal(stretch.end, 90);
    }
    isFree = false;
    await encode(stretch, done);
  };
  await workOff(SEGMENTS, work, { signal, borrow });
  t.same(rows, [indexes(SEGMENTS), [9]]);
  t.same([...done].sort(), indexes(SEGMENTS));
});

t.test('a lent one that is wanted elsewhere leaves its rest to the others', async (t) => {
  const done: number[] = [];
  const rows: number[][] = [];
  let loans = 0;
  const borrow = () => {
    loans += 1;
    return loans === 1 ? loanOf({ offer: () => false }) : undefined;
  };
  const work = (stretch: Stretch) => {
    rows.push(indexes(stretch.segments));
    return encode(stretch, done);
  };
  await workOff(SEGMENTS, work, { signal, borrow });
  t.same(rows, [indexes(SEGMENTS), [6, 7, 8, 9], [7, 8, 9]]);
  t.same([...done].sort(), indexes(SEGMENTS));
});

t.test('a lent one that is held up takes the own one’s place when nothing else is left', async (t) => {
  const done: number[] = [];
  let isLent = false;
  let goOn = () => {};
  const heldUp = new Promise<void>((resolve) => {
    goOn = resolve;
  });
  const borrow = () => {
    if (isLent) return undefined;
    isLent = true;
    return loanOf({ takeOver: goOn });
  };
  const work = async (stretch: Stretch, _stop: AbortSignal, pace?: Pace) => {
    if (pace !== undefined) {
      stretch.reach(stretch.end - stretch.first.from);
      await heldUp;
      t.same(done, [0, 1, 2, 3, 4, 5], 'the own one has done all that was left');
    }
    await encode(stretch, done);
  };
  await workOff(SEGMENTS, work, { signal, borrow });
  t.same([...done].sort(), indexes(SEGMENTS));
});

t.test('the first error ends the others and is thrown when they have ended', async (t) => {
  let ended = false;
  const work = async (stretch: Stretch, stop: AbortSignal) => {
    if (stretch.first.index > 0) throw new Error('the second row');
    await new Promise((resolve) => stop.addEventListener('abort', resolve));
    await new Promise((resolve) => setImmediate(resolve));
    ended = true;
  };
  await t.rejects(workOff(SEGMENTS, work, { signal, borrow: () => loanOf() }), { message: 'the second row' });
  t.ok(ended);
});
