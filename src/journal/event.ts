/**
 * What the journal can hold: a closed list of kinds, each with its facts.
 *
 * A new kind is one row of `Facts` (and, when it is frequent and soon of no interest, of
 * `ROUTINE`). Facts are flat plain JSON; sentences in them are for people.
 */

import type { AssetId } from '../base/ids.js';
import type { VirtualPath } from '../base/paths.js';

/** Who caused it: a person with a command, a process on the mount, or the daemon itself (undefined). */
export interface Actor {
  /** `proxyfs mode master`. */
  readonly command?: string | undefined;
  readonly user?: string | undefined;
  readonly pid?: number | undefined;
  /** Name of a process that did it through the mount. */
  readonly process?: string | undefined;
}

interface JobFacts {
  readonly profile: string;
  readonly poolKey?: string | undefined;
}

/** The facts of each kind. */
export interface Facts {
  readonly mounted: { readonly version: string; readonly driver: string; readonly mode: string };
  /** The daemon before this one was killed or crashed, and the mount was brought back. */
  readonly 'brought-back': { readonly pid: number };
  readonly unmounted: { readonly reason: string };
  readonly flip: {
    readonly mode: string;
    /** What was asked for: `proxy`, `master`, `clear`, `flush`, with the set when one was named. */
    readonly request: string;
    /** The paths it was for, as one text; empty is the project. */
    readonly paths: string;
    readonly changed: number;
    readonly stayedMaster: number;
    readonly milliseconds: number;
  };
  readonly 'flip-failed': { readonly request: string; readonly paths: string; readonly reason: string };
  /** A job was asked for; with `count` one event stands for so many at or below its path. */
  readonly queued: JobFacts & { readonly jobClass: string; readonly count?: number | undefined };
  readonly started: JobFacts & { readonly attempt?: number | undefined };
  readonly published: JobFacts & { readonly size: number; readonly seconds: number };
  /** The pool, or the place beside the clip, had it already. */
  readonly adopted: JobFacts & { readonly size: number; readonly from?: string | undefined };
  /** Validation refused the finished file. */
  readonly rejected: JobFacts & { readonly reason: string };
  readonly failed: JobFacts & { readonly reason: string };
  /** Failed for a cause that may pass; it waits in the queue again. */
  readonly retried: JobFacts & { readonly reason: string };
  /** The clip cannot have an equal proxy, or was no longer what the job was for. */
  readonly dropped: JobFacts & { readonly reason: string };
  readonly cancelled: JobFacts & { readonly count?: number | undefined };
  /** Given back to the queue, since the daemon stopped or its lease was lost. */
  readonly interrupted: JobFacts;
  /** Generation rests: all of it, a class of jobs, or what is below `path`. */
  readonly paused: { readonly reason: string; readonly scope?: string | undefined };
  readonly resumed: { readonly reason: string; readonly scope?: string | undefined };
  /** Removed from the pool, for the quota or because its time to live was over. */
  readonly evicted: JobFacts & { readonly size: number; readonly reason: string };
  /** A damaged or lost proxy was taken out of the mount. */
  readonly withdrawn: JobFacts & { readonly reason: string };
  readonly repaired: JobFacts & { readonly reason: string };
  readonly verified: { readonly checked: number; readonly damaged: number; readonly deep: boolean };
  /** What lies at or below `path`. */
  readonly pinned: Readonly<Record<string, never>>;
  readonly unpinned: Readonly<Record<string, never>>;
  readonly 'write-refused': Readonly<Record<string, never>>;
  readonly demoted: Readonly<Record<string, never>>;
  /** The master changed since its proxy was made. */
  readonly stale: Readonly<Record<string, never>>;
  /** The storage below `path` went away, or came back. */
  readonly offline: { readonly names: number; readonly reason: string };
  readonly online: { readonly names: number };
  readonly 'scan-finished': { readonly found: number; readonly probed: number; readonly forgotten: number };
  /** The mount reported more than could be told apart; the source is scanned again. */
  readonly 'events-lost': { readonly count: number };
}

export type EventKind = keyof Facts;

/** What is recorded. */
export type NewEvent = { [K in EventKind]: NewEventOf<K> }[EventKind];

export interface NewEventOf<K extends EventKind> {
  readonly kind: K;
  /** The path it is about; left out: the project. */
  readonly path?: VirtualPath | undefined;
  /** Keeps the story of a clip together across renames. */
  readonly asset?: AssetId | undefined;
  readonly who?: Actor | undefined;
  readonly facts: Facts[K];
}

/** What is read back. */
export type JournalEvent = { [K in EventKind]: RecordedEvent<K> }[EventKind];

export interface RecordedEvent<K extends EventKind> extends NewEventOf<K> {
  /** Grows by time; never used again. */
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** Whether a kind is frequent and soon of no interest: these are forgotten first. */
const ROUTINE: Readonly<Record<EventKind, boolean>> = {
  mounted: false,
  'brought-back': false,
  unmounted: false,
  flip: false,
  'flip-failed': false,
  queued: true,
  started: true,
  published: false,
  adopted: false,
  rejected: false,
  failed: false,
  retried: true,
  dropped: true,
  cancelled: false,
  interrupted: true,
  paused: false,
  resumed: false,
  evicted: false,
  withdrawn: false,
  repaired: false,
  verified: true,
  pinned: false,
  unpinned: false,
  'write-refused': true,
  demoted: false,
  stale: true,
  offline: false,
  online: false,
  'scan-finished': true,
  'events-lost': true,
};

export const EVENT_KINDS = Object.keys(ROUTINE) as [EventKind, ...EventKind[]];

export function isRoutine(kind: EventKind): boolean {
  return ROUTINE[kind];
}
