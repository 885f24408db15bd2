/** Sizes and reasons of the cache in words. Pure. */

import type { Kept } from './policy.js';

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
const HOUR = 3_600_000;

/** Powers of 1024, as a quota is given. */
export function formatBytes(bytes: number): string {
  let [value, unit] = [bytes, 0];
  for (; value >= 1024 && unit < UNITS.length - 1; unit += 1) value /= 1024;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}

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
    bytes === 0 ? [] : [`${formatBytes(bytes)} ${words[why as Kept]}`],
  );
  return parts.length === 0 ? 'this project has no proxies that could go' : parts.join(', ');
}

function span(ms: number): string {
  if (ms < HOUR) return 'minute';
  return ms < 24 * HOUR ? 'hour' : 'day';
}
