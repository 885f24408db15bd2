/**
 * The life of a daemon: start, work, end.
 *
 * Promises: the mount point answers before anybody is told so; whatever fails while
 * starting leaves nothing behind; the end of the mount, by whomever, ends the daemon;
 * a daemon that crashes takes its mount point along, and its guardian starts the next.
 */

import { constants } from 'node:os';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProxyfsError } from '../src/base/error.js';
import { EXIT } from '../src/base/exit-code.js';
import { alsoReturns } from '../src/base/return-memory.js';
import type { Locations } from '../src/config/locations.js';
import { settingsOf, type TracedSettings } from '../src/config/read-settings.js';
import type { Settings } from '../src/config/settings.js';
import type { DaemonOptions } from '../src/control/daemon-options.js';
import { removeRecord, socketPathOf, writeRecord } from '../src/control/discovery.js';
import { CRASHED } from '../src/control/guardian.js';
import type { RuntimeRecord } from '../src/control/runtime-record.js';
import { listen } from '../src/control/server.js';
import { foreignHandles } from '../src/flip/handles.js';
import type { Actor } from '../src/journal/event.js';
import { createLogger, type Logger } from '../src/log/logger.js';
import type { MountedVolume, OpenHandle } from '../src/mount/driver.js';
import { chooseDriver } from '../src/mount/drivers.js';
import { endProcess } from '../src/mount/end-process.js';
import { returnFreeMemory } from '../src/mount/free-memory.js';
import { findSet } from '../src/profiles/profiles.js';
import { resolveView } from '../src/view/resolve.js';
import type { ViewTable } from '../src/view/view-table.js';
import { composeDaemon, composeDecisions, composeMountOptions } from './compose.js';
import type { Daemon } from './daemon.js';
import { followVolume } from './events.js';
import { describeHolders, findHolders } from './holders.js';
import { learnFromHolders } from './learn-editor.js';
import { createHandlers } from './methods/index.js';
import { createMeter, listenForMetrics } from './metrics.js';
import type { Arguments } from './options.js';
import { checkPlace, type Place } from './preflight.js';
import { labelState, locateProject, openProject, type ProjectFiles } from './project-files.js';
import { keepSettings, settingsInForce } from './settings-in-force.js';
import { Teardown } from './teardown.js';
import { version } from './version.js';

/** The last comes when a terminal is closed. */
const ENDING_SIGNALS = ['SIGTERM', 'SIGINT', 'SIGHUP'] as const;
/** A drain looks this often whether the last file has been closed. */
const DRAIN_POLL_MS = 500;
const CRASH_UNMOUNT_MS = 2000;
/** Whoever detaches a mount does not wait for a scan whose source hangs, nor for anything else. */
const FORCED_END_MS = 5_000;

/** How this process stands to those before and beside it. */
type Life = Omit<Arguments, 'options'>;

export class Lifecycle {
  readonly ended: Promise<void>;
  readonly #options: DaemonOptions;
  readonly #life: Life;
  readonly #teardown = new Teardown();
  #resolveEnded: () => void = () => undefined;
  #daemon: Daemon | undefined;
  #ending: Promise<void> | undefined;
  #signals = 0;
  #isUnmounted = false;
  #isForced = false;
  #unmountedBy: Actor | undefined;

  constructor(options: DaemonOptions, life: Life) {
    this.#options = options;
    this.#life = life;
    this.ended = new Promise((resolve) => {
      this.#resolveEnded = resolve;
    });
  }

  /** Resolves when the mount point answers and the control socket listens. */
  async start(): Promise<RuntimeRecord> {
    for (const signal of ENDING_SIGNALS) process.on(signal, () => this.#onSignal(signal));
    try {
      const daemon = await this.#bringUp();
      this.#daemon = daemon;
      process.on('uncaughtException', (error) => void this.#crash(error));
      void daemon.volume.closed.then(() => {
        this.#isUnmounted = true;
        return this.#end('the mount is gone');
      });
      return daemon.record;
    } catch (error) {
      await this.#teardown.run();
      throw error;
    }
  }

  /** Starts what need not be there for the mount to answer. */
  work(): void {
    if (this.#daemon === undefined) return;
    this.#teardown.add('free memory', alsoReturns(returnFreeMemory));
    this.#teardown.add('events', followVolume(this.#daemon));
    this.#daemon.production.start();
    void this.#watchPool(this.#daemon);
    const { log } = this.#daemon;
    learnFromHolders(this.#daemon).catch((err: unknown) => log.debug({ err }, 'no editor could be learned from'));
  }

  /** What the catalog knows is complete after the first scan: until then nothing is removed. */
  async #watchPool({ cache, production }: Daemon): Promise<void> {
    production.onFinished(({ asset, outcome, profile }) => {
      if (outcome.kind === 'published' || outcome.kind === 'adopted') cache.onPublished(asset, profile);
    }, new AbortController().signal);
    await production.firstScan();
    if (this.#ending === undefined) cache.start();
  }

  async #bringUp(): Promise<Daemon> {
    const place = await checkPlace(this.#options.source, this.#options.mountPoint);
    const traced = await settingsInForce(this.#options, place, this.#life.resume);
    const settings = settingsOf(traced);
    findSet(settings.profile);
    const { project, locations } = locateProject(place, this.#options, settings.poolDir);
    const { files, log } = await openProject(project, locations, () => this.#openLog(locations, settings));
    this.#teardown.use(log);
    this.#teardown.add('catalog', () => files.catalog.close());
    this.#teardown.add('journal', () => files.journal.close());
    if (this.#life.resume) {
      log.warn('the daemon before this one died: the mount is brought back');
      files.journal.record({ kind: 'brought-back', facts: { pid: process.pid } });
    }
    await labelState(locations, place);
    await keepSettings(locations, traced);
    const daemon = await this.#mount(place, files, traced, log);
    await this.#publish(daemon);
    return daemon;
  }

  #openLog({ logFile }: Locations, { logLevel: level, logSize }: Settings): Logger {
    if (this.#life.foreground) return createLogger({ kind: 'stderr' }, level);
    return createLogger({ kind: 'file', path: logFile, maxBytes: logSize }, level);
  }

  /** The view is resolved before the mount exists, so that masters show for no longer than one commit takes. */
  async #mount(place: Place, files: ProjectFiles, traced: TracedSettings, log: Logger): Promise<Daemon> {
    const options = this.#options;
    const settings = settingsOf(traced);
    const decisions = composeDecisions(files, options, settings);
    const view = resolveView(decisions.view.all(), decisions.modes.state, decisions.policy);
    const driver = await chooseDriver(settings.driver);
    const volume = await driver.mount(composeMountOptions(place, options, settings));
    this.#teardown.add('mount', () => (this.#isUnmounted ? undefined : volume.unmount({ force: true })));
    const record = this.#recordOf(place, files);
    const unmount: Daemon['unmount'] = (force, by) => this.#unmount(force, by);
    const daemon = composeDaemon({ options, settings, traced, place, files, decisions, volume, record, log, unmount });
    this.#teardown.add('ready', () => daemon.ready.close());
    await this.#establish(daemon, view);
    logMount(log, volume, driver.reason, place);
    const facts = {
      version,
      driver: volume.driver,
      mode: daemon.modes.state.pinned ?? daemon.modes.state.base,
    };
    files.journal.record({ kind: 'mounted', facts });
    return daemon;
  }

  async #establish(daemon: Daemon, view: ViewTable): Promise<void> {
    const { changed } = await daemon.flipper.establish(view);
    daemon.log.info({ assets: view.size, proxies: changed, mode: daemon.modes.state.base }, 'the view is in place');
  }

  #recordOf(place: Place, files: ProjectFiles): RuntimeRecord {
    const { project, locations } = files;
    const { pid, ppid } = process;
    return {
      project,
      ...place,
      stateDir: locations.stateDir,
      socket: socketPathOf(project),
      pid,
      ...(this.#life.guarded ? { guardian: ppid } : {}),
      startedAt: Date.now(),
    };
  }

  async #publish(daemon: Daemon): Promise<void> {
    const { record, log, production, traced } = daemon;
    const meter = createMeter(daemon);
    this.#teardown.add('metrics', await listenForMetrics(daemon, meter, settingsOf(traced).metricsPort));
    const server = await listen({ socket: record.socket, handlers: createHandlers(daemon, meter), log });
    this.#teardown.add('record', () => removeRecord(record));
    this.#teardown.add('control', () => server.close());
    this.#teardown.add('production', () => production.stop());
    this.#teardown.add('cache', () => daemon.cache.stop());
    await writeRecord(record);
  }

  async #unmount(force: boolean, by?: Actor): Promise<readonly OpenHandle[]> {
    const daemon = this.#daemon;
    if (daemon === undefined) return [];
    this.#unmountedBy = by;
    const handles = foreignHandles(daemon.volume);
    try {
      await daemon.volume.unmount({ force });
    } catch (error) {
      throw await withHolders(error, daemon.place.mountPoint);
    }
    this.#isUnmounted = true;
    this.#isForced = force;
    // A detached mount lives on for those who hold it; the daemon does not.
    void this.#end('it was unmounted');
    return handles;
  }

  #onSignal(signal: (typeof ENDING_SIGNALS)[number]): void {
    this.#signals += 1;
    const daemon = this.#daemon;
    // Nobody was told yet that anything is served; an exit takes along a mount that is there already.
    if (daemon === undefined) endProcess(128 + constants.signals[signal]);
    if (this.#ending !== undefined) return;
    if (this.#signals === 1) void this.#drain(daemon);
    else if (this.#signals === 2) void this.#detach(daemon);
  }

  /** No new work, and the end as soon as the last file is closed. */
  async #drain(daemon: Daemon): Promise<void> {
    daemon.log.info('ending: no new proxies are made');
    const stopped = daemon.production.stop();
    for (let told = ''; this.#ending === undefined; await sleep(DRAIN_POLL_MS)) {
      try {
        await this.#unmount(false);
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error);
        if (message !== told) daemon.log.warn(`${message}; a second signal detaches the mount`);
        told = message;
      }
    }
    await stopped;
  }

  async #detach(daemon: Daemon): Promise<void> {
    try {
      await this.#unmount(true);
    } catch (error) {
      daemon.log.error({ err: error }, 'the mount could not be detached');
      await this.#end('it was told to end');
    }
  }

  #end(why: string): Promise<void> {
    this.#ending ??= this.#finish(why);
    return this.#ending;
  }

  async #finish(why: string): Promise<void> {
    this.#daemon?.log.info(`the daemon ends: ${why}`);
    const who = this.#unmountedBy;
    const reason = who === undefined ? why : 'it was unmounted';
    this.#daemon?.files.journal.record({ kind: 'unmounted', who, facts: { reason } });
    await this.#teardown.run(this.#isForced ? FORCED_END_MS : undefined);
    this.#resolveEnded();
  }

  /** State may be wrong now, so nothing is done but to leave no dead mount point. */
  async #crash(error: Error): Promise<void> {
    const daemon = this.#daemon;
    // Whoever unmounted it does not want it back for what went wrong afterwards.
    const isOver = this.#isUnmounted;
    // The end of the mount below must not pass for an orderly one.
    this.#ending ??= new Promise(() => undefined);
    try {
      daemon?.log.error({ err: error }, 'the daemon crashed and takes its mount along');
      const unmounted = daemon?.volume.unmount({ force: true });
      await Promise.race([unmounted, sleep(CRASH_UNMOUNT_MS)]);
    } finally {
      process.stderr.write(`proxyfsd: ${error.stack ?? error.message}\n`);
      endProcess(isOver ? EXIT.executionFailed : CRASHED);
    }
  }
}

function logMount(log: Logger, volume: MountedVolume, reason: string, place: Place): void {
  const { protocol, passthrough, incEpoch, via, limits } = volume.info;
  log.info({ ...place, driver: reason, protocol, passthrough, incEpoch, via }, 'mounted');
  for (const limit of limits) log.info(limit);
}

/** Besides open files, somebody's working directory keeps a mount busy. */
async function withHolders(error: unknown, mountPoint: string): Promise<unknown> {
  if (!(error instanceof ProxyfsError) || error.code !== 'mountpoint/busy') return error;
  const holders = await findHolders(mountPoint);
  if (holders.length === 0) return error;
  const said = noFileIsOpen(error) ? `${mountPoint} is in use: ` : `${error.message}; `;
  const message = said + describeHolders(holders);
  return new ProxyfsError('mountpoint/busy', message, { cause: error, details: { ...error.details, holders } });
}

function noFileIsOpen({ details }: ProxyfsError): boolean {
  return Array.isArray(details['holders']) && details['holders'].length === 0;
}
