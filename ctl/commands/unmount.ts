/** `proxyfs unmount`: ends a project's daemon and waits until it is gone; clears away the mount of a dead one. */

import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { ProxyfsError } from '../../src/base/error.js';
import { isProcessAlive } from '../../src/base/process-alive.js';
import type { Client } from '../../src/control/client.js';
import { detachStale, isStaleMount } from '../../src/mount/stale-mount.js';
import { type CommonArguments, defineCommand, type Outcome } from '../command.js';
import { escapeName } from '../output/escape.js';
import { counted } from '../output/quantities.js';
import { currentDirectory } from '../session.js';

interface Arguments {
  readonly mountpoint: string | undefined;
  readonly force: boolean;
}

/** A daemon closes its catalog and ends its encoders within this time, or something is wrong. */
const GONE_WITHIN_MS = 30_000;
/** One that was detached by force gives up sooner what does not end: see `FORCED_END_MS` of the daemon. */
const FORCED_GONE_WITHIN_MS = 10_000;

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
    const client = await clientOf(path);
    if (client === undefined) return detached(path);
    return await end(client, args, path);
  },
});

/** undefined: no daemon, but a mount that one left behind, which is gone now. */
async function clientOf(path: string): Promise<Client | undefined> {
  const [{ connect }, { findProject }] = await Promise.all([
    import('../../src/control/client.js'),
    import('../../src/control/discovery.js'),
  ]);
  try {
    return await connect(await findProject(path, '/'));
  } catch (error) {
    const gone = error instanceof ProxyfsError && ['project/not-found', 'daemon/unreachable'].includes(error.code);
    if (!gone || !(await isStaleMount(path))) throw error;
    await detachStale(path);
    return undefined;
  }
}

async function end(client: Client, args: CommonArguments & Arguments, path: string): Promise<Outcome> {
  try {
    const info = await client.call('daemon.info', {});
    const { handles } = await client.call('unmount', { force: args.force });
    const isGone = await waitForEnd(info.pid, args.force ? FORCED_GONE_WITHIN_MS : GONE_WITHIN_MS);
    if (!isGone && !args.force) throw lingering(info.pid);
    const held = handles.length === 0 ? '' : `; ${counted(handles.length, 'file')} were still open`;
    return {
      result: { mountPoint: info.mountPoint, handles, ...(isGone ? {} : { lingeringDaemon: info.pid }) },
      text: () => `${escapeName(info.mountPoint)} is unmounted${held}${isGone ? '' : `\n${leftBehind(info.pid)}`}`,
    };
  } catch (error) {
    if (!(error instanceof ProxyfsError) || error.code !== 'mountpoint/busy') throw error;
    const wayOut = `'proxyfs handles --project ${path}' says who; close them, or add --force`;
    throw new ProxyfsError(error.code, `${path} is in use: ${wayOut}`, { cause: error, details: error.details });
  } finally {
    client.close();
  }
}

/** Whether the process was gone in time. */
async function waitForEnd(pid: number, milliseconds: number): Promise<boolean> {
  const deadline = Date.now() + milliseconds;
  while (isProcessAlive(pid)) {
    if (Date.now() > deadline) return false;
    await sleep(25);
  }
  return true;
}

function lingering(pid: number): ProxyfsError {
  return new ProxyfsError('system/io', `the mount is gone, but its daemon (pid ${pid}) has not ended yet: see its log`);
}

/** A process cannot end while the kernel waits in its name for a disk that has taken the request and does not answer. */
function leftBehind(pid: number): string {
  return `Note: its daemon (pid ${pid}) has not ended yet: it does when the source answers, or is unmounted itself; until then the project cannot be mounted again`;
}

function detached(path: string): Outcome {
  return {
    result: { mountPoint: path, handles: [], deadDaemon: true },
    text: () => `${escapeName(path)} is unmounted; its daemon had already ended`,
  };
}
