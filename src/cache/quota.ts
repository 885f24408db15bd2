/** How large a pool may become, and who may displace what when it is full. Pure. */

import { parseSize } from '../base/byte-size.js';
import type { JobClass } from '../jobs/job-class.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Share of the quota that is freed beyond what is needed, so that the next encodes find room. */
export const HEADROOM = 0.05;

/** Bytes of a quota such as `500G` or `80%` (of the disk); undefined without one. */
export function quotaBytes(quota: string | undefined, diskBytes: number): number | undefined {
  if (quota === undefined) return undefined;
  const share = /^(\d+(?:\.\d+)?)\s*%$/.exec(quota.trim());
  return share === null ? parseSize(quota) : Math.floor((Number(share[1]) / 100) * diskBytes);
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
