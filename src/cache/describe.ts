/** Reasons of the cache in words. Pure. */

import { formatSize } from '../base/byte-size.js';
import type { Kept } from './policy.js';

const HOUR = 3_600_000;

/** `1.0 GiB are pinned, 3.0 GiB were used in the last hour`. */
export function describeKept(kept: Readonly<Record<Kept, number>>, unusedMs: number): string {
  const recent = Number.isFinite(unusedMs)
    ? `were used in the last ${span(unusedMs)}`
    : 'give way only to what somebody asks for';
  const words: Readonly<Record<Kept, string>> = {
    pinned: 'are pinned',
    open: 'are open',
    shared: 'are used by other projects',
    recent,
  };
  const parts = Object.entries(kept).flatMap(([why, bytes]) =>
    bytes === 0 ? [] : [`${formatSize(bytes)} ${words[why as Kept]}`],
  );
  return parts.length === 0 ? 'this project has no proxies that could go' : parts.join(', ');
}

const TOO_LARGE = 'more than the quota of the pool';

/** Why a clip is set aside: its proxy would not fit if it were the only one. */
export function describeTooLarge(size: number, quota: number): string {
  return `its proxy needs about ${formatSize(size)}, ${TOO_LARGE} (${formatSize(quota)})`;
}

/** Another quota may have room for it. */
export function isTooLarge(reason: string): boolean {
  return reason.includes(TOO_LARGE);
}

function span(ms: number): string {
  if (ms < HOUR) return 'minute';
  return ms < 24 * HOUR ? 'hour' : 'day';
}
