/** What is paused, what is in the way, and how classes are called. */

import type { Result } from '../../src/control/schema.js';
import { formatMoment } from './quantities.js';

type Work = Result<'queue.list'>['work'];
type HoldInfo = Work['holds'][number];
type JobClass = Result<'queue.list'>['jobs'][number]['jobClass'];

const CLASS_NAMES: Readonly<Record<JobClass, string>> = {
  interactive: 'interactive',
  prewarm: 'prewarm',
  footage: 'new footage',
  backlog: 'backlog',
};
export const CLASSES = ['interactive', 'prewarm', 'footage', 'backlog'] as const;

export const classNameOf = (jobClass: JobClass): string => CLASS_NAMES[jobClass];

/** `everything since 14:03:22 until 16:00:00`. */
export function describeHold(hold: HoldInfo, now: number): string {
  const until = hold.until === null ? '' : ` until ${formatMoment(hold.until, now)}`;
  return `${scopeOf(hold)} since ${formatMoment(hold.since, now)}${until}`;
}

/** What is covered: `everything`, `backlog`, `A001`, `backlog in A001`. */
export function scopeOf({ path, jobClass }: Pick<HoldInfo, 'path' | 'jobClass'>): string {
  if (jobClass === null) return path === '' ? 'everything' : path;
  return path === '' ? classNameOf(jobClass) : `${classNameOf(jobClass)} in ${path}`;
}

/** One line a fact; empty when all encoders may work. */
export function describeWork({ encoders, workers, reason, holds }: Work, now: number): string[] {
  const paused = holds.map((hold) => `paused: ${describeHold(hold, now)}`);
  const isAll = holds.some(({ path, jobClass }) => path === '' && jobClass === null);
  if (isAll) return paused;
  if (workers === 0) return [...paused, 'this mount makes no proxies (--workers 0)'];
  if (reason === null) return paused;
  return [...paused, `${encoders} of ${workers} at work: ${reason}`];
}
