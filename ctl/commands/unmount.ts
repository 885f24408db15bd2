/** `proxyfs unmount`: ends a project's daemon and waits until it is gone; clears away the mount of a dead one. */

import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProxyfsError } from '../../src/base/error.js';
import { presenceOf } from '../../src/base/process-alive.js';
import type { Client } from '../../src/control/client.js';
import type { RuntimeRecord } from '../../src/control/runtime-record.js';
import type { Result } from '../../src/control/schema.js';
import { cutOff, detachStale, isStaleMount } from '../../src/mount/stale-mount.js';
import { defineCommand, type Outcome } from '../command.js';
import { escapeName } from '../output/escape.js';
import { counted } from '../output/quantities.js';
import { currentDirectory } from '../session.js';

interface Arguments {
  readonly mountpoint: string | undefined;
  readonly force: boolean;
}

/** A daemon closes its catalog and ends its encoders within this time, or something is wrong. */
const GONE_WITHIN_MS = 30_000;
/** With force: one that does not answer, or does not end, within this time is killed. */
const PATIENCE_MS = 10_000;
const DEAD_WITHIN_MS = 2_000;
/** Threads that end take moments; longer, and the kernel waits in the name of one. */
const DYING_WITHIN_MS = 1_000;

interface Ending {
  readonly handles: Result<'unmount'>['handles'];
  readonly wasKilled: boolean;
}

type Presence = ReturnType<typeof presenceOf>;

export const unmount = defineCommand<Arguments>({
  usage: 'unmount <mountpoint>',
  summary: 'Unmount a project; proxies and catalog stay for the next mount',
  examples: [
    ['$0 unmount /mnt/show', 'refuses while files are open'],
    ['$0 unmount /mnt/show --force', 'detaches at once'],
  ],
  options: (yargs) =>
    yargs
      .positional('mountpoint', { type: 'string', describe: 'The mount point, or the source' })
      .option('force', { type: 'boolean', default: false, describe: 'Also while files are open' }),
  run: async (args, terminal) => {
    const path = resolve(currentDirectory(terminal), args.mountpoint ?? '.');
    const daemon = await daemonOf(path);
    if (daemon === undefined) return detached(path);
    try {
      return outcomeOf(daemon.record, await (args.force ? endByForce(daemon) : endInOrder(daemon, path)));
    } finally {
      daemon.client.close();
    }
  },
});

interface Daemon {
  readonly record: RuntimeRecord;
  readonly client: Client;
}

/** undefined: no daemon, but a mount that one left behind, which is gone now. */
async function daemonOf(path: string): Promise<Daemon | undefined> {
  const [{ connect }, { findProject }] = await Promise.all([
    import('../../src/control/client.js'),
    import('../../src/control/discovery.js'),
  ]);
  try {
    const record = await findProject(path, '/');
    return { record, client: await connect(record) };
  } catch (error) {
    const gone = error instanceof ProxyfsError && ['project/not-found', 'daemon/unreachable'].includes(error.code);
    if (!gone || !(await isStaleMount(path))) throw error;
    await detachStale(path);
    return undefined;
  }
}

async function endInOrder({ record, client }: Daemon, path: string): Promise<Ending> {
  try {
    const { handles } = await client.call('unmount', { force: false }, { signal: AbortSignal.timeout(GONE_WITHIN_MS) });
    if ((await presenceAfter(record.pid, GONE_WITHIN_MS)) === 'alive') throw lingering(record.pid);
    return { handles, wasKilled: false };
  } catch (error) {
    if (!(error instanceof ProxyfsError)) throw error;
    if (error.code === 'job/cancelled') throw silent(record.pid, error);
    if (error.code !== 'mountpoint/busy') throw error;
    const wayOut = `'proxyfs handles --project ${path}' lists open files, --force unmounts all the same`;
    throw new ProxyfsError(error.code, `${error.message}: ${wayOut}`, { cause: error, details: error.details });
  }
}

async function endByForce({ record, client }: Daemon): Promise<Ending> {
  const answer = await answerInTime(client);
  if (answer !== undefined && (await presenceAfter(record.pid, PATIENCE_MS)) !== 'alive') {
    return { handles: answer.handles, wasKilled: false };
  }
  const [{ killDaemon }, { removeRecord }] = await Promise.all([
    import('../../src/control/kill-daemon.js'),
    import('../../src/control/discovery.js'),
  ]);
  await killDaemon(record);
  await presenceAfter(record.pid, DEAD_WITHIN_MS);
  await cutOff(record.mountPoint);
  await removeRecord(record);
  return { handles: answer?.handles ?? [], wasKilled: true };
}

/** undefined: the daemon does not answer, as when it waits for its source itself. */
async function answerInTime(client: Client): Promise<Result<'unmount'> | undefined> {
  try {
    return await client.call('unmount', { force: true }, { signal: AbortSignal.timeout(PATIENCE_MS) });
  } catch (error) {
    if (error instanceof ProxyfsError && error.code === 'job/cancelled') return undefined;
    throw error;
  }
}

function outcomeOf({ pid, mountPoint }: RuntimeRecord, { handles, wasKilled }: Ending): Outcome {
  const held = handles.length === 0 ? '' : `; ${counted(handles.length, 'file')} were still open`;
  const isLeft = presenceOf(pid) !== 'gone';
  const notes = [
    ...(wasKilled ? [`Note: its daemon (pid ${pid}) did not end by itself and was killed`] : []),
    ...(isLeft ? [leftBehind(pid)] : []),
  ];
  return {
    result: {
      mountPoint,
      handles,
      ...(wasKilled ? { killedDaemon: pid } : {}),
      ...(isLeft ? { leftProcess: pid } : {}),
    },
    text: () => [`${escapeName(mountPoint)} is unmounted${held}`, ...notes].join('\n'),
  };
}

async function presenceAfter(pid: number, milliseconds: number): Promise<Presence> {
  const deadline = Date.now() + milliseconds;
  let dyingSince: number | undefined;
  for (;;) {
    const [presence, now] = [presenceOf(pid), Date.now()];
    if (presence === 'gone') return presence;
    if (presence === 'dying') dyingSince ??= now;
    if (now > deadline || (dyingSince !== undefined && now - dyingSince > DYING_WITHIN_MS)) return presence;
    await sleep(25);
  }
}

function lingering(pid: number): ProxyfsError {
  return new ProxyfsError('system/io', `the mount is gone, but its daemon (pid ${pid}) has not ended yet: see its log`);
}

function silent(pid: number, cause: unknown): ProxyfsError {
  const seconds = GONE_WITHIN_MS / 1000;
  const message = `the daemon (pid ${pid}) has not answered for ${seconds} seconds: 'proxyfs unmount --force' kills it`;
  return new ProxyfsError('daemon/unreachable', message, { cause });
}

/** As when a FUSE disk has taken a request and never answers it. */
function leftBehind(pid: number): string {
  return `Note: the kernel still waits for the source in the name of its process ${pid}, which cannot end before: until the source answers, or is unmounted itself, the project cannot be mounted again`;
}

function detached(path: string): Outcome {
  return {
    result: { mountPoint: path, handles: [], deadDaemon: true },
    text: () => `${escapeName(path)} is unmounted; its daemon had already ended`,
  };
}
