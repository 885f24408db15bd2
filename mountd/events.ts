/** What the daemon does when something happens on the mount. */

import { LRUCache } from 'lru-cache';
import type { AssetId } from '../src/base/ids.js';
import { unreachable } from '../src/base/invariant.js';
import { ROOT } from '../src/base/paths.js';
import { isOwnProcess } from '../src/flip/handles.js';
import type { VolumeEvent } from '../src/mount/driver.js';
import { decideAssetMode, usableProxy } from '../src/view/resolve.js';
import type { Daemon } from './daemon.js';
import { isEditorUnknown, learnEditor } from './learn-editor.js';
import { actorOf, QueuedRecord, recordVolumeEvent } from './record.js';

/** What was wanted this long ago is in the queue, or there is a reason: a program that opens it in a loop asks for nothing new. */
const WANTED_MS = 10_000;
const MOST_WANTED = 10_000;
type Wanted = LRUCache<AssetId, true>;

/** Returns what ends it: the last events may be told when the catalog has been closed. */
export function followVolume(daemon: Daemon): () => void {
  const wanted: Wanted = new LRUCache({ max: MOST_WANTED, ttl: WANTED_MS });
  let isOver = false;
  daemon.volume.onEvent((event) => {
    if (!isOver) onEvent(daemon, event, wanted);
  });
  return () => {
    isOver = true;
  };
}

function onEvent(daemon: Daemon, event: VolumeEvent, wanted: Wanted): void {
  const { log, production, ready } = daemon;
  recordVolumeEvent(daemon, event);
  switch (event.kind) {
    case 'opened':
      if (isOwnProcess(event.pid)) break;
      if (event.variant === 'master') onMasterOpened(daemon, event, wanted);
      else daemon.cache.opened(event.asset);
      break;
    case 'idle':
      ready.onIdle(event.asset);
      break;
    case 'stale':
      onStale(daemon, event).catch((err: unknown) => log.warn({ err, path: event.path }, 'a proxy was not looked at'));
      break;
    case 'write-refused':
      log.warn({ path: event.path, pid: event.pid }, 'writing was refused: the path serves a proxy');
      break;
    case 'demoted':
      log.warn({ path: event.path, pid: event.pid }, 'a write took the path back to its master');
      ready.onDemoted(event.asset);
      production.hint(event.path);
      break;
    case 'changed':
      production.hint(event.path);
      break;
    case 'lost':
      log.warn({ count: event.count }, 'events of the mount were lost: the source is scanned again');
      production.hint(ROOT);
      break;
    default:
      unreachable(event);
  }
}

/** The mount serves a master although there is a proxy: one of the two is not what it was. */
async function onStale(daemon: Daemon, event: VolumeEvent & { kind: 'stale' }): Promise<void> {
  const { cache, files, log, production, view } = daemon;
  const asset = view.byIdentity(event.asset);
  if (asset !== undefined && !(await cache.isMasterToBlame(event.path, event.asset)))
    return await cache.suspect([asset.id]);
  log.info({ path: event.path }, 'the master changed: it is served until its proxy is made again');
  files.journal.record({ kind: 'stale', path: event.path, asset: asset?.id, facts: {} });
  production.hint(event.path);
}

function onMasterOpened(daemon: Daemon, event: VolumeEvent & { kind: 'opened' }, wanted: Wanted): void {
  if (!isEditorUnknown(daemon)) {
    wantProxy(daemon, event, wanted);
    return;
  }
  learnEditor(daemon, event.pid)
    .then(() => isEditorUnknown(daemon) || wantProxy(daemon, event, wanted))
    .catch((error: unknown) => daemon.log.warn({ err: error }, 'the set of the editor could not be chosen'));
}

/** Somebody waits in front of a master that should be a proxy: it comes first. */
function wantProxy(daemon: Daemon, event: VolumeEvent & { kind: 'opened' }, wanted: Wanted): void {
  const { files, log, modes, production, view } = daemon;
  if (daemon.workers === 0) return;
  const asset = view.byIdentity(event.asset);
  if (asset === undefined || asset.eligibility.kind !== 'eligible' || usableProxy(asset) !== undefined) return;
  if (wanted.has(asset.id)) return;
  if (decideAssetMode(asset, modes.state).mode !== 'proxy') return;
  const row = files.catalog.get(asset.id);
  if (row === undefined) return;
  wanted.set(asset.id, true);
  const since = Date.now();
  const record = new QueuedRecord(files.journal, actorOf(event.pid));
  production
    .enqueue([row], { jobClass: 'interactive' })
    .then((answers) => record.add(answers, since))
    .catch((error: unknown) => {
      log.debug({ err: error, path: event.path }, 'a proxy that is wanted now could not be queued');
    });
}
