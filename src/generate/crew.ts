/**
 * Who is at work, and who of them has to stand still: the budget of the moment goes to the
 * highest class first, and within one to whoever began first.
 *
 * Promises: no more than the budget's encoders work at once, lent ones included, which stand
 * still before any job does; a job that stands still keeps what it has done; what somebody waits for does not wait for what nobody asked for. Jobs of
 * one pool key take turns, so they count as one. All state belongs to the event loop.
 */

import type { PoolKey } from '../base/ids.js';
import { Pace } from '../ffmpeg/pace.js';
import { JOB_CLASSES, type JobClass } from '../jobs/job-class.js';
import type { Job } from '../jobs/queue.js';
import type { Loan } from '../segments/work-off.js';
import type { RunningJob } from './running-job.js';

/** How much may be done at this moment. */
export interface Budget {
  /** Encoders that work at once. */
  readonly encoders: number;
  /** Only what somebody waits for: what was opened or asked for. */
  readonly awaitedOnly: boolean;
}

export interface Member {
  /** As last renewed: its class may rise while it runs. */
  readonly job: () => Job;
  readonly abort: AbortController;
  readonly pace: Pace;
  /** Since it has begun to work. */
  row: RunningJob | undefined;
  /** Encoders beyond the first, while they encode for it. */
  readonly helpers: Set<Helper>;
}

interface Helper {
  readonly pace: Pace;
  /** Counts as an encoder of its own; else it has taken the place of the job's first. */
  isLent: boolean;
}

export const AWAITED: readonly JobClass[] = ['interactive', 'prewarm'];

export class Crew {
  readonly #members = new Set<Member>();
  readonly #most: number;
  #budget: Budget;

  /** `canSuspend`: whether a member can be made to stand still. */
  constructor(
    workers: number,
    private readonly canSuspend: () => boolean,
  ) {
    // Those that stand still take memory; but one that waits must find a place.
    this.#most = workers === 0 ? 0 : workers + Math.max(1, workers);
    this.#budget = { encoders: workers, awaitedOnly: false };
  }

  get members(): readonly Member[] {
    return [...this.#members];
  }

  /** Fewer work than the budget allows. */
  get hasRoom(): boolean {
    return this.#busy() < this.#budget.encoders;
  }

  join(job: () => Job, abort: AbortController): Member {
    const member = { job, abort, pace: new Pace(), row: undefined, helpers: new Set<Helper>() };
    this.#members.add(member);
    this.arrange();
    return member;
  }

  leave(member: Member): void {
    this.#members.delete(member);
    this.arrange();
  }

  /** One more encoder for a member that works, while the budget has room. */
  lend(member: Member): Loan | undefined {
    if (member.pace.isSuspended || !this.hasRoom) return undefined;
    const helper: Helper = { pace: new Pace(), isLent: true };
    member.helpers.add(helper);
    const end = () => {
      member.helpers.delete(helper);
      helper.pace.resume();
      this.arrange();
    };
    const offer = () => {
      const isKept = !helper.pace.isSuspended && this.#busy() <= this.#budget.encoders;
      if (!isKept) end();
      return isKept;
    };
    const takeOver = () => {
      helper.isLent = false;
      this.arrange();
    };
    return { pace: helper.pace, offer, takeOver, end };
  }

  use(budget: Budget): void {
    this.#budget = budget;
    this.arrange();
  }

  /** Lets those work that the budget has room for, the others stand still. */
  arrange(): void {
    const groups = [...this.#groups().values()].sort((a, b) => rankOf(a) - rankOf(b));
    let left = this.#budget.encoders;
    const working = new Set<readonly Member[]>();
    for (const group of groups) {
      if (left === 0 || !this.#isAllowed(rankOf(group))) continue;
      working.add(group);
      left -= 1;
    }
    for (const group of groups) {
      for (const { pace } of group) this.#turn(pace, working.has(group));
      for (const { isLent, pace } of helpersOf(group)) {
        const works = working.has(group) && (!isLent || left > 0);
        if (works && isLent) left -= 1;
        this.#turn(pace, works);
      }
    }
  }

  /** The classes of which one more may begin now. */
  openings(): readonly JobClass[] {
    if (this.#members.size >= this.#most || this.#budget.encoders === 0) return [];
    const working = this.#working();
    const allowed = JOB_CLASSES.filter((_, rank) => this.#isAllowed(rank));
    if (this.hasRoom) return allowed;
    const lowest = Math.max(...working.map(rankOf));
    return this.canSuspend() ? AWAITED.filter((each) => JOB_CLASSES.indexOf(each) < lowest) : [];
  }

  #turn(pace: Pace, works: boolean): void {
    if (works || !this.canSuspend()) pace.resume();
    else pace.suspend();
  }

  #working(): readonly (readonly Member[])[] {
    return [...this.#groups().values()].filter((group) => group.some(({ pace }) => !pace.isSuspended));
  }

  #busy(): number {
    return this.#working().reduce((sum, group) => sum + encodersIn(group), 0);
  }

  #isAllowed(rank: number): boolean {
    return !this.#budget.awaitedOnly || AWAITED.some((each) => JOB_CLASSES.indexOf(each) === rank);
  }

  /** In the order in which they began. */
  #groups(): Map<PoolKey, readonly Member[]> {
    const groups = new Map<PoolKey, readonly Member[]>();
    for (const member of this.#members) {
      const { poolKey } = member.job();
      groups.set(poolKey, [...(groups.get(poolKey) ?? []), member]);
    }
    return groups;
  }
}

const helpersOf = (group: readonly Member[]): readonly Helper[] => group.flatMap(({ helpers }) => [...helpers]);

/** In a group that works. */
function encodersIn(group: readonly Member[]): number {
  return 1 + helpersOf(group).filter(({ isLent, pace }) => isLent && !pace.isSuspended).length;
}

function rankOf(group: readonly Member[]): number {
  return Math.min(...group.map(({ job }) => JOB_CLASSES.indexOf(job().jobClass)));
}
