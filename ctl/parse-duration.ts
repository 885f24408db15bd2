/** `90s`, `30m`, `2h`, `1d`, also together (`1h30m`) -> seconds. */

import { ProxyfsError } from '../src/base/error.js';

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

export function parseDuration(text: string): number {
  const parts = [...text.trim().matchAll(/(\d+(?:\.\d+)?)\s*([smhd])\s*/gi)];
  const length = parts.reduce((sum, [part]) => sum + part.length, 0);
  const seconds = parts.reduce(
    (sum, [, number, unit]) => sum + Number(number) * (SECONDS[(unit ?? '').toLowerCase()] ?? 0),
    0,
  );
  if (seconds > 0 && length === text.trim().length) return seconds;
  throw new ProxyfsError('request/invalid', `'${text}' is no length of time: give one such as 30m, 2h or 1h30m`);
}
