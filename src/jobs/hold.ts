/**
 * Holds: what is not to be worked on for now, and until when. Pure.
 *
 * A hold covers a path and everything below it ('' is the project), in one class or in all.
 */

import { isAtOrBelow, ROOT, type VirtualPath } from '../base/paths.js';
import type { JobClass } from './job-class.js';

export interface HoldScope {
  readonly path: VirtualPath;
  /** undefined: every class. */
  readonly jobClass: JobClass | undefined;
}

export interface Hold extends HoldScope {
  readonly since: number;
  /** undefined: until somebody takes it back. */
  readonly until: number | undefined;
}

/** What a job is held by: the widest hold that covers it. */
export function holdOf(
  job: { readonly path: VirtualPath; readonly jobClass: JobClass },
  holds: readonly Hold[],
): Hold | undefined {
  const covering = holds.filter((hold) => covers(hold, job));
  return covering.find(isEverything) ?? covering.sort((a, b) => a.path.length - b.path.length)[0];
}

/** Nothing at all may run. */
export function isEverything(hold: HoldScope): boolean {
  return hold.path === ROOT && hold.jobClass === undefined;
}

/** Whether taking back `asked` takes back `hold`: what lies at or below it, and is of its class. */
export function endsHold(asked: HoldScope, hold: HoldScope): boolean {
  const isItsClass = asked.jobClass === undefined || asked.jobClass === hold.jobClass;
  return isItsClass && isAtOrBelow(hold.path, asked.path);
}

function covers(hold: HoldScope, job: { readonly path: VirtualPath; readonly jobClass: JobClass }): boolean {
  return (hold.jobClass === undefined || hold.jobClass === job.jobClass) && isAtOrBelow(job.path, hold.path);
}
