/** How large a pool may become, and who may displace what when it is full. Pure. */

import type { JobClass } from '../jobs/queue.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Share of the quota that is freed beyond what is needed, so that the next encodes find room. */
export const HEADROOM = 0.05;

/** Bytes of a quota such as `500G` or `80%` (of the disk); undefined without one. */
export function quotaBytes(quota: string | undefined, diskBytes: number): number | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*(%|[KMGT]?)$/i.exec(quota?.trim() ?? '');
  if (match === null) return undefined;
  const [, number = '0', unit = ''] = match;
  if (unit === '%') return Math.floor((Number(number) / 100) * diskBytes);
  return Math.floor(Number(number) * 1024 ** ['', 'K', 'M', 'G', 'T'].indexOf(unit.toUpperCase()));
}

/** What a job may displace: proxies that nobody used for so long. The backlog displaces nothing. */
export const DISPLACES: Readonly<Record<JobClass, number>> = {
  interactive: MINUTE,
  prewarm: HOUR,
  footage: DAY,
  backlog: Number.POSITIVE_INFINITY,
};

/** A pool above its quota is brought below it with whatever was not used just now. */
export const TRIM_UNUSED_MS = MINUTE;
