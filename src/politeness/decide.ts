/**
 * What is seen of the machine -> how much may be encoded. Pure: the table of the manual.
 *
 * `off` looks at the hours alone. `normal` leaves one encoder to whatever happens, since idle
 * priority already lets everybody else go first; `strict` stops altogether for people at work.
 */

import { type Hours, isWithin } from '../config/hours.js';
import type { Player } from './playback.js';
import type { Pressure } from './pressure.js';

export type Politeness = 'off' | 'normal' | 'strict';

export interface Policy {
  readonly politeness: Politeness;
  readonly hours: Hours;
  /** Encoders at most. */
  readonly workers: number;
}

export interface Seen {
  readonly at: Date;
  readonly pressure: Pressure;
  readonly player: Player | undefined;
}

export interface Allowance {
  readonly encoders: number;
  /** Only what was opened or asked for. */
  readonly awaitedOnly: boolean;
  /** Why it is less than everything. */
  readonly reason: string | undefined;
}

const BUSY_CPU = 0.5;
const FULL_CPU = 0.75;
const BUSY_DISKS = 0.3;
const FULL_DISKS = 0.6;
const SHORT_MEMORY = 0.1;
const NO_MEMORY = 0.4;

export function decide(policy: Policy, seen: Seen): Allowance {
  const limits = [ofHours(policy, seen), ...(policy.politeness === 'off' ? [] : ofOthers(policy, seen))];
  const binding = limits.filter((each) => each.awaitedOnly || each.encoders < policy.workers);
  const [tightest] = binding.sort((a, b) => a.encoders - b.encoders || Number(b.awaitedOnly) - Number(a.awaitedOnly));
  const awaitedOnly = binding.some((each) => each.awaitedOnly);
  return { encoders: tightest?.encoders ?? policy.workers, awaitedOnly, reason: tightest?.reason };
}

function ofHours({ politeness, hours, workers }: Policy, { at }: Seen): Allowance {
  if (isWithin(hours, at)) return { encoders: workers, awaitedOnly: false, reason: undefined };
  if (politeness === 'strict') return none(`it is outside the hours ${hours.text}`);
  const reason = `it is outside the hours ${hours.text}: only what is opened or asked for is made`;
  return { encoders: workers, awaitedOnly: true, reason };
}

function ofOthers({ politeness, workers }: Policy, { player, pressure }: Seen): readonly Allowance[] {
  const { cpu, io, memory } = pressure;
  const isStrict = politeness === 'strict';
  const upTo = (encoders: number, reason: string) => ({
    encoders: Math.min(workers, encoders),
    awaitedOnly: false,
    reason,
  });
  const half = Math.max(1, Math.floor(workers / 2));
  const limits: Allowance[] = [];
  if (player !== undefined) limits.push(ofPlayer(player, isStrict));
  if (memory > SHORT_MEMORY) limits.push(upTo(memory > NO_MEMORY ? 0 : half, `memory is short (${share(memory)})`));
  if (io > BUSY_DISKS) limits.push(upTo(io > FULL_DISKS ? 1 : half, `the disks are busy (${share(io)})`));
  if (cpu > BUSY_CPU) {
    const left = Math.max(1, Math.floor((workers * (1 - cpu)) / (1 - BUSY_CPU)));
    limits.push(upTo(isStrict && cpu > FULL_CPU ? 0 : left, `others use ${percent(cpu)} of the processors`));
  }
  return limits;
}

function ofPlayer({ pid, process, path }: Player, isStrict: boolean): Allowance {
  const who = `${process} (pid ${pid}) plays ${path}`;
  if (isStrict) return none(who);
  return { encoders: 1, awaitedOnly: true, reason: `${who}: only what is opened or asked for is made` };
}

const none = (reason: string): Allowance => ({ encoders: 0, awaitedOnly: false, reason });
const percent = (value: number): string => `${Math.round(value * 100)} %`;
const share = (value: number): string => `waited for ${percent(value)} of the time`;
