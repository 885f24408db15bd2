/** A moment in the past: `10m`, `2h`, `3d` ago, or a date (`2026-11-21`, `2026-11-21T14:00`). */

import { ProxyfsError } from '../src/base/error.js';
import { parseDuration } from './parse-duration.js';

/** Milliseconds since 1970. */
export function parseSince(text: string, now: number): number {
  if (/^\d{4}-\d{2}-\d{2}/.test(text)) {
    // A date alone is midnight here, not in Greenwich.
    const moment = Date.parse(text.length === 10 ? `${text}T00:00` : text);
    if (!Number.isNaN(moment)) return moment;
  }
  try {
    return now - parseDuration(text) * 1000;
  } catch {
    const message = `'${text}' is no moment: give a length of time such as 30m or 2d, or a date such as 2026-11-21T14:00`;
    throw new ProxyfsError('request/invalid', message);
  }
}
