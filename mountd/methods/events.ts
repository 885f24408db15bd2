/** `events`, `history`, `failures`: what happened, to whom, and what came of it. */

import { setTimeout as sleep } from 'node:timers/promises';
import { ProxyfsError } from '../../src/base/error.js';
import { nearestName } from '../../src/base/nearest.js';
import { isAtOrBelow, toVirtualPath } from '../../src/base/paths.js';
import type { CallContext } from '../../src/control/handlers.js';
import type { Params, Result } from '../../src/control/schema.js';
import { wayOutOfFailure } from '../../src/generate/way-out.js';
import { EVENT_KINDS, type EventKind, type JournalEvent } from '../../src/journal/event.js';
import type { Daemon } from '../daemon.js';
import { failedProxies } from '../failed.js';
import { assertKnown } from './paths.js';

/** More are asked for in further calls. */
const MOST_EVENTS = 5000;
const MOST_HISTORY = 1000;
/** One look at the table serves a burst of events. */
const GATHER_MS = 50;

export async function listEvents(
  { files: { journal } }: Daemon,
  { after, from, kinds, path, last, waitSeconds = 0 }: Params<'events'>,
  { signal }: CallContext,
): Promise<Result<'events'>> {
  const below = path === undefined ? undefined : toVirtualPath(path);
  const filter = { from, kinds: kinds?.map(toKind), below };
  const look = () =>
    after === undefined
      ? journal.latest(filter, Math.min(last ?? MOST_EVENTS, MOST_EVENTS))
      : journal.since(after, filter, MOST_EVENTS);
  const before = journal.lastId();
  let found = look();
  const until = Date.now() + waitSeconds * 1000;
  while (found.length === 0 && Date.now() < until && !signal.aborted) {
    await nextEvent(journal, signal, until - Date.now());
    found = journal.since(after ?? before, filter, MOST_EVENTS);
  }
  return { events: found.map(toWire), last: found.at(-1)?.id ?? Math.max(after ?? 0, before) };
}

export async function history(daemon: Daemon, params: Params<'history'>): Promise<Result<'history'>> {
  const path = toVirtualPath(params.path);
  const { catalog, journal, pool } = daemon.files;
  const asset = catalog.byPath(path);
  const events = journal.historyOf({ path, asset: asset?.id }, params.limit ?? MOST_HISTORY);
  const profile = daemon.profileOf([path]);
  const variants = asset === undefined ? [] : catalog.variantsOf(asset.id);
  const proxies = [];
  for (const { poolKey, extension, profile: made } of variants) {
    const manifest = await pool.find(poolKey);
    if (manifest === undefined) continue;
    const { command, ffmpeg, madeBy, startedAt, finishedAt, validation, master, output } = manifest;
    const file = pool.fileOf(poolKey, extension);
    const isServed = made === profile;
    proxies.push({
      ...{ profile: made, file, isServed, ffmpeg, madeBy, startedAt, finishedAt, size: output.size },
      ...{ command: [...command], master: master.path, valid: validation.ok },
    });
  }
  return { path, known: asset !== undefined, events: events.map(toWire), proxies };
}

export async function failures(daemon: Daemon, params: Params<'failures'>): Promise<Result<'failures'>> {
  const prefix = toVirtualPath(params.path ?? '');
  const rows = failedProxies(daemon).filter(({ path }) => isAtOrBelow(path, prefix));
  if (rows.length === 0) await assertKnown(daemon, prefix);
  return {
    failures: rows.map(({ path, profile, isServed, reason, rejected }) => {
      return { path, profile, isServed, reason, rejected, wayOut: wayOutOfFailure(reason, rejected) };
    }),
  };
}

function toWire({ id, at, kind, path, who, facts }: JournalEvent): Result<'events'>['events'][number] {
  const plain = Object.entries(facts).filter(([, value]) => value !== undefined);
  return { id, at, kind, path: path ?? null, who: who ?? null, facts: Object.fromEntries(plain) };
}

function toKind(word: string): EventKind {
  const kind = EVENT_KINDS.find((name) => name === word);
  if (kind !== undefined) return kind;
  const near = nearestName(word, EVENT_KINDS);
  const guess = near === undefined ? '' : `, did you mean '${near}'`;
  throw new ProxyfsError(
    'request/invalid',
    `there is no kind of event '${word}'${guess}: they are ${EVENT_KINDS.join(', ')}`,
  );
}

async function nextEvent(journal: Daemon['files']['journal'], signal: AbortSignal, within: number): Promise<void> {
  const done = new AbortController();
  const either = AbortSignal.any([done.signal, signal]);
  journal.onEvent(() => done.abort(), either);
  // Both ends are answers: the caller looks again.
  await sleep(within, undefined, { signal: either }).catch(() => undefined);
  done.abort();
  if (!signal.aborted) await sleep(GATHER_MS);
}
