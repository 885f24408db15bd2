/**
 * Starting a daemon: detached, with the starter waiting for its one start message,
 * or in the foreground of the same terminal.
 *
 * A detached daemon runs below a guardian that brings it back when it is killed: see
 * `guardian.ts`.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { type FileHandle, open, readdir, readFile, realpath, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { errnoOf, isErrorCode, ProxyfsError } from '../base/error.js';
import { makeDirectory } from '../base/make-directory.js';
import type { RealPath } from '../base/paths.js';
import { isProcessAlive } from '../base/process-alive.js';
import { locationsOf, projectIdOf } from '../config/locations.js';
import { causeOfDeath } from './cause-of-death.js';
import { type DaemonOptions, type DaemonOptionsInput, daemonArguments, daemonOptionsSchema } from './daemon-options.js';
import { GUARDIAN } from './guardian.js';
import type { RuntimeRecord } from './runtime-record.js';
import { type StartMessage, startMessageSchema } from './start-message.js';

const DAEMON = fileURLToPath(new URL('../../mountd/main.js', import.meta.url));
/** Opening a large catalog takes a second or two; a machine under load gets a generous multiple. */
const START_TIMEOUT_MS = 60_000;
const EXIT_GRACE_MS = 200;
/** A flip of a large project makes much garbage at once, which V8 would otherwise let grow to several times the live heap. */
const SMALL_HEAP = ['--max-semi-space-size=4', '--heap-growing-percent=30'];
/** Calls on a source that hangs each hold a thread of Node's; with its four, nothing else could read a file. */
const THREADS = '16';
/** Enough of a dying daemon's stderr to say why. */
const STDERR_TAIL = 4000;

/**
 * Starts a daemon that outlives this process and resolves when its mount point
 * answers. Rejects with the daemon's own error, or `daemon/start-failed`.
 */
export async function launchDaemon(input: DaemonOptionsInput): Promise<RuntimeRecord> {
  const options = daemonOptionsSchema.parse(input);
  const stderr = await openStderr(options);
  const command = [...daemonCommand(options), '--guarded'];
  const child = spawn('/bin/sh', ['-c', GUARDIAN, 'proxyfs-guardian', options.mountPoint, ...command], {
    cwd: '/',
    detached: true,
    env: daemonEnvironment(),
    stdio: ['ignore', 'ignore', stderr?.handle.fd ?? 'ignore', 'ipc'],
  });
  try {
    const message = await startMessageOf(child);
    if (message?.kind === 'ready') {
      return message.record;
    }
    throw await startError(message, stderr?.path);
  } catch (error) {
    endGroup(child);
    if (stderr) await discard(stderr.path);
    throw error;
  } finally {
    if (child.connected) child.disconnect();
    child.unref();
    await stderr?.handle.close();
  }
}

/** Runs a daemon in this terminal until it ends; resolves with its exit code. */
export async function runDaemon(input: DaemonOptionsInput): Promise<number> {
  const [program, ...args] = [...daemonCommand(daemonOptionsSchema.parse(input)), '--foreground'];
  const child = spawn(program ?? process.execPath, args, { cwd: '/', env: daemonEnvironment(), stdio: 'inherit' });
  // Ctrl-C reaches the daemon through the terminal's process group; this process only has to outlive it.
  const ignore = () => undefined;
  const forward = () => child.kill('SIGTERM');
  process.on('SIGINT', ignore).on('SIGTERM', forward);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject).once('exit', (code) => resolve(code ?? 1));
    });
  } finally {
    process.off('SIGINT', ignore).off('SIGTERM', forward);
  }
}

function daemonCommand(options: DaemonOptions): readonly string[] {
  return [process.execPath, '--enable-source-maps', ...SMALL_HEAP, DAEMON, ...daemonArguments(options)];
}

function daemonEnvironment(): NodeJS.ProcessEnv {
  return { UV_THREADPOOL_SIZE: THREADS, ...process.env };
}

/**
 * What a detached daemon writes to stderr (a crash in native code, warnings of Node)
 * lands beside its log. A source that is not there gets no state directory.
 */
async function openStderr(options: DaemonOptions): Promise<{ handle: FileHandle; path: string } | undefined> {
  try {
    const source = (await realpath(options.source)) as RealPath;
    const stateDir = options.stateDir as RealPath | undefined;
    const locations = locationsOf(projectIdOf(source, stateDir), { stateDir });
    await makeDirectory(locations.stateDir, 0o700);
    // A name of its own: while this start is being refused, the project's daemon may be running.
    await sweepStarts(locations.stateDir);
    const path = join(locations.stateDir, `starting-${process.pid}-${randomBytes(4).toString('hex')}.stderr`);
    return { handle: await open(path, 'w', 0o600), path };
  } catch {
    // The daemon meets the same obstacle and names it better.
    return undefined;
  }
}

/** Starters that were killed could not take their file away. */
async function sweepStarts(stateDir: RealPath): Promise<void> {
  for (const name of await readdir(stateDir)) {
    const pid = /^starting-(\d+)-[0-9a-f]+\.stderr$/.exec(name)?.[1];
    if (pid !== undefined && !isProcessAlive(Number(pid))) await rm(join(stateDir, name), { force: true });
  }
}

/** Removes the stderr file of a failed start, and the state directory when nothing else is in it. */
async function discard(path: string): Promise<void> {
  await rm(path, { force: true });
  await rmdir(dirname(path)).catch(() => undefined);
}

async function startMessageOf(child: ChildProcess): Promise<StartMessage | undefined> {
  return await new Promise<StartMessage | undefined>((resolve, reject) => {
    const timer = setTimeout(() => {
      resolve(undefined);
    }, START_TIMEOUT_MS);
    child.once('message', (raw) => {
      clearTimeout(timer);
      resolve(startMessageSchema.safeParse(raw).data);
    });
    // The guardian lives on when the daemon dies, but has no channel: its end is the daemon's.
    for (const end of ['exit', 'disconnect'] as const) {
      child.once(end, () => {
        clearTimeout(timer);
        // A message sent just before the end may still be in the channel.
        setTimeout(() => resolve(undefined), EXIT_GRACE_MS);
      });
    }
    child.once('error', reject);
  });
}

/** A daemon that did not come up must not come up later, unasked. */
function endGroup(child: ChildProcess): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, 'SIGTERM');
  } catch (error) {
    if (errnoOf(error) !== 'ESRCH') throw error;
  }
}

async function startError(message: StartMessage | undefined, stderr: string | undefined): Promise<ProxyfsError> {
  if (message?.kind === 'failed') {
    const code = isErrorCode(message.code) ? message.code : 'daemon/start-failed';
    return new ProxyfsError(code, message.message, { details: message.details });
  }
  const text = stderr === undefined ? '' : (await readFile(stderr, 'utf8')).slice(-STDERR_TAIL);
  const cause = causeOfDeath(text);
  const log = stderr === undefined ? '' : `; see ${join(dirname(stderr), 'proxyfsd.log')}`;
  return new ProxyfsError(
    'daemon/start-failed',
    `the daemon ended before it could serve${cause && `: ${cause}`}${log}`,
    {
      details: { stderr: text },
    },
  );
}
