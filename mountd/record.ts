/** What the daemon writes into the journal: events of its parts, in the journal's terms. */

import type { Adoption } from '../src/adopt/adopt.js';
import type { AssetId } from '../src/base/ids.js';
import { isAtOrBelow, parentOf, type VirtualPath } from '../src/base/paths.js';
import type { CallContext } from '../src/control/handlers.js';
import type { FlipReport } from '../src/control/schema.js';
import type { Enqueued } from '../src/generate/enqueue.js';
import type { JobClass } from '../src/jobs/job-class.js';
import type { Job } from '../src/jobs/queue.js';
import type { Actor } from '../src/journal/event.js';
import type { Journal } from '../src/journal/journal.js';
import type { VolumeEvent } from '../src/mount/driver.js';
import { ProcessNames } from '../src/mount/process-name.js';
import type { Daemon } from './daemon.js';

/** More paths than this are named by their number. */
const MOST_PATHS = 20;
const processes = new ProcessNames();

export function recordVolumeEvent({ files: { journal }, view }: Daemon, event: VolumeEvent): void {
  if (event.kind === 'lost') journal.record({ kind: 'events-lost', facts: { count: event.count } });
  if (event.kind !== 'write-refused' && event.kind !== 'demoted') return;
  const about = { kind: event.kind, path: event.path, asset: view.byIdentity(event.asset)?.id, facts: {} };
  const { pid, name } = processes.lookUp(event.pid);
  journal.record({ ...about, who: { pid, process: name } });
}

/**
 * Who asked for which proxies: an event for each, or one for all below a folder when there are so many that
 * the journal could not keep an event for each.
 */
export class QueuedRecord {
  readonly #folders = new Map<string, { folder: VirtualPath; jobClass: JobClass; count: number }>();

  constructor(
    private readonly journal: Pick<Journal, 'record'>,
    private readonly who: Actor | undefined,
    private readonly areMany = false,
  ) {}

  /** What was in the queue before `since`, and is no more urgent than it was, somebody else asked for. */
  add(answers: readonly Enqueued[], since: number): void {
    for (const answer of answers) {
      if (answer.kind !== 'queued' || answer.job.updatedAt < since) continue;
      if (this.areMany) this.#count(answer.path, answer.job);
      else this.#record(answer.path, answer.job);
    }
  }

  /** Records what was only counted until now. */
  end(): void {
    for (const [profile, { count, folder, jobClass }] of this.#folders) {
      const facts = { profile, jobClass, count };
      this.journal.record({ kind: 'queued', path: folder, who: this.who, facts });
    }
    this.#folders.clear();
  }

  #record(path: VirtualPath, { asset, jobClass, poolKey, profile }: Job): void {
    const facts = { profile, poolKey, jobClass };
    this.journal.record({ kind: 'queued', path, asset, who: this.who, facts });
  }

  #count(path: VirtualPath, { jobClass, profile }: Job): void {
    const known = this.#folders.get(profile);
    if (known === undefined) {
      this.#folders.set(profile, { folder: parentOf(path), jobClass, count: 1 });
      return;
    }
    known.count += 1;
    while (!isAtOrBelow(path, known.folder)) known.folder = parentOf(known.folder);
  }
}

interface OfferedProxy {
  readonly asset: AssetId;
  readonly path: VirtualPath;
  readonly profile: string;
  readonly who: Actor | undefined;
}

/** What came of a file that somebody offered as a proxy; one that is taken counts as made like any other. */
export function recordAdoption({ cache, files: { journal } }: Daemon, offer: OfferedProxy, adoption: Adoption): void {
  const { profile, ...about } = offer;
  if (adoption.kind === 'refused') {
    const reason = `${adoption.from} is not equal to it: ${adoption.reason}`;
    journal.record({ ...about, kind: 'rejected', facts: { profile, reason } });
  }
  const size = adoption.kind === 'adopted' ? adoption.size : adoption.kind === 'already-there' && adoption.taken;
  if (typeof size !== 'number') return;
  const from = adoption.kind === 'adopted' ? adoption.from : undefined;
  journal.record({ ...about, kind: 'adopted', facts: { profile, size, from } });
  cache.onPublished(offer.asset, profile);
}

/** A process of the mount as the journal names it. */
export function actorOf(thread: number): Actor {
  const { pid, name } = processes.lookUp(thread);
  return { pid, process: name };
}

export interface FlipRequest {
  /** `proxy`, `master`, `clear`, `flush`. */
  readonly request: string;
  readonly paths: readonly string[];
  readonly by: CallContext['by'];
}

/** Carries a flip out, and records how it went. */
export async function recordFlip(
  { files: { journal } }: Daemon,
  { request, paths, by }: FlipRequest,
  flip: () => Promise<FlipReport>,
): Promise<FlipReport> {
  const asked = { request, paths: namePaths(paths) };
  const who: Actor | undefined = by;
  try {
    const report = await flip();
    const { changed, stayedMasterCount: stayedMaster, state, totalMs } = report;
    const mode = state.pinned ?? state.base;
    const facts = { ...asked, mode, changed, stayedMaster, milliseconds: Math.round(totalMs) };
    journal.record({ kind: 'flip', who, facts });
    return report;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    journal.record({ kind: 'flip-failed', who, facts: { ...asked, reason } });
    throw error;
  }
}

function namePaths(paths: readonly string[]): string {
  const more = paths.length - MOST_PATHS;
  const named = paths.slice(0, MOST_PATHS).join(', ');
  return more > 0 ? `${named} and ${more} more` : named;
}
