/**
 * Who made a file in the pool's `tmp`, so that what dead processes left can be told from what
 * living ones are writing, also when several daemons and machines share the pool.
 *
 * A process is its machine, its pid and its start time; the machine part covers host name,
 * machine id, boot and pid namespace, since pids mean nothing across any of these.
 */

import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { isProcessAlive } from '../base/process-alive.js';

export interface Owner {
  /** Host and pid namespace. */
  readonly place: string;
  /** The place's run since its boot. */
  readonly boot: string;
  readonly pid: number;
  /** Start time in clock ticks since boot, `0` where /proc does not tell. */
  readonly start: string;
}

export type OwnerState = 'alive' | 'gone' | 'elsewhere';

let here: Pick<Owner, 'place' | 'boot'> | undefined;

export function thisProcess(): Owner {
  return { ...thisPlace(), pid: process.pid, start: startTimeOf(process.pid) ?? '0' };
}

/** `<place>-<boot>-<pid>-<start>`: letters, digits and dashes. */
export const formatOwner = (owner: Owner): string => `${owner.place}-${owner.boot}-${owner.pid}-${owner.start}`;

/** Finds the owner in a file name; undefined when it carries none. */
export function parseOwner(name: string): Owner | undefined {
  const match = /\.([0-9a-f]{12})-([0-9a-f]{12})-(\d+)-(\d+)\./.exec(name);
  if (match === null) return undefined;
  const [, place = '', boot = '', pid = '', start = ''] = match;
  return { place, boot, pid: Number(pid), start };
}

/** `elsewhere`: on another machine or in another container; nothing here can tell whether it lives. */
export function stateOf(owner: Owner): OwnerState {
  const { place, boot } = thisPlace();
  if (owner.place !== place) return 'elsewhere';
  if (owner.boot !== boot || !isProcessAlive(owner.pid)) return 'gone';
  const start = startTimeOf(owner.pid);
  return start === undefined || owner.start === '0' || start === owner.start ? 'alive' : 'gone';
}

function thisPlace(): Pick<Owner, 'place' | 'boot'> {
  here ??= {
    place: shortHash(`${hostname()}\n${textOf('/etc/machine-id')}\n${pidNamespace()}`),
    boot: shortHash(textOf('/proc/sys/kernel/random/boot_id')),
  };
  return here;
}

/** The same over reboots, and in every container of a machine that keeps its host name. */
export function thisMachine(): string {
  return shortHash(`${hostname()}\n${textOf('/etc/machine-id')}`);
}

/** Field 22 of /proc/PID/stat; the name in field 2 may hold spaces and parentheses. */
function startTimeOf(pid: number): string | undefined {
  const text = textOf(`/proc/${pid}/stat`);
  return text
    .slice(text.lastIndexOf(')') + 2)
    .split(' ')
    .at(19);
}

/** Empty where the system has no such file (macOS): the other parts must do then. */
function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

function pidNamespace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}

const shortHash = (text: string): string => createHash('sha256').update(text).digest('hex').slice(0, 12);
