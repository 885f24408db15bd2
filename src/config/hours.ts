/**
 * Hours of the week, in local time: `20:00-06:00`, `mon-fri 19:30-07:00, sat-sun`. Pure.
 *
 * Several spans are separated by commas; each is days, a time of day, or both. A span that ends
 * before it begins goes over midnight and belongs to the day on which it begins.
 */

export interface Hours {
  readonly text: string;
  /** Empty: always. */
  readonly spans: readonly Span[];
}

interface Span {
  /** 0 is Sunday, as `Date.getDay` has it. */
  readonly days: ReadonlySet<number>;
  /** Minutes of the day; `to` is beyond the day's end when the span goes over midnight. */
  readonly from: number;
  readonly to: number;
}

export const ALWAYS = 'always';
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];
const DAY_MINUTES = 24 * 60;
const SPAN = /^(?:([a-z]{3})(?:\s*-\s*([a-z]{3}))?)?\s*(?:(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2}))?$/;

/** undefined when it is no such text. */
export function parseHours(text: string): Hours | undefined {
  const wanted = text.trim().toLowerCase();
  if (wanted === ALWAYS) return { text: wanted, spans: [] };
  const spans = wanted.split(',').map((part) => parseSpan(part.trim()));
  return spans.includes(undefined) ? undefined : { text: wanted, spans: spans.filter((span) => span !== undefined) };
}

export function isWithin({ spans }: Hours, moment: Date): boolean {
  const [day, minute] = [moment.getDay(), moment.getHours() * 60 + moment.getMinutes()];
  const yesterday = (day + 6) % 7;
  return (
    spans.length === 0 ||
    spans.some(
      ({ days, from, to }) =>
        (days.has(day) && minute >= from && minute < to) || (days.has(yesterday) && minute + DAY_MINUTES < to),
    )
  );
}

function parseSpan(text: string): Span | undefined {
  const match = text === '' ? null : SPAN.exec(text);
  if (match === null) return undefined;
  const [, first, last, fromHour, fromMinute, toHour, toMinute] = match;
  const days = daysOf(first, last);
  if (fromHour === undefined) return days && { days, from: 0, to: DAY_MINUTES };
  const [from, to] = [minutesOf(fromHour, fromMinute), minutesOf(toHour, toMinute)];
  if (days === undefined || from === undefined || to === undefined || from === DAY_MINUTES) return undefined;
  return { days, from, to: to > from ? to : to + DAY_MINUTES };
}

function daysOf(first: string | undefined, last: string | undefined): ReadonlySet<number> | undefined {
  if (first === undefined) return new Set(DAYS.keys());
  const [from, to] = [DAYS.indexOf(first), DAYS.indexOf(last ?? first)];
  if (from < 0 || to < 0) return undefined;
  return new Set(Array.from({ length: ((to - from + 7) % 7) + 1 }, (_, index) => (from + index) % 7));
}

function minutesOf(hour = '', minute = ''): number | undefined {
  const minutes = Number(hour) * 60 + Number(minute);
  return Number(minute) < 60 && minutes <= DAY_MINUTES ? minutes : undefined;
}
