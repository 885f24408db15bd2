/**
 * The journal of a project: what happened, to what, and who caused it.
 *
 * Promises: `record` never throws, never waits and costs no I/O, so it may be called
 * anywhere but on the path of a lookup; events come back in the order in which they were
 * recorded; the size is bounded. A daemon that is killed loses the last fraction of a second.
 */

import type { AssetId } from '../base/ids.js';
import type { VirtualPath } from '../base/paths.js';
import type { EventKind, JournalEvent, NewEvent } from './event.js';

export interface Journal {
  record(event: NewEvent): void;
  /** Events after this id (0: all that are kept), oldest first. With `limit`, the oldest that many. */
  since(id: number, filter?: EventFilter, limit?: number): readonly JournalEvent[];
  /** The last events, oldest first. */
  latest(filter: EventFilter | undefined, limit: number): readonly JournalEvent[];
  /**
   * The last events of one file, oldest first: under this name, of this asset under whatever name, and of an asset
   * those that queued many below a folder above it.
   */
  historyOf(
    file: { readonly path: VirtualPath; readonly asset?: AssetId | undefined },
    limit?: number,
  ): readonly JournalEvent[];
  /** Each event once it is recorded and has its id. A listener that throws is not called again. */
  onEvent(listener: (event: JournalEvent) => void, signal?: AbortSignal): void;
  /** The newest id that was given; 0 before the first event. */
  lastId(): number;
  /** Writes what is still in memory. */
  flush(): void;
  close(): void;
}

export interface EventFilter {
  readonly kinds?: readonly EventKind[] | undefined;
  /** At or below this path. */
  readonly below?: VirtualPath | undefined;
  /** Not before this time, in milliseconds since 1970. */
  readonly from?: number | undefined;
}
