/** One event of the journal as people read it. */

import { formatSize } from '../../src/base/byte-size.js';
import type { EventInfo } from '../../src/control/schema.js';
import { escapeName, escapeText } from './escape.js';
import { counted, formatMoment } from './quantities.js';

/** `14:03:22`, `rejected`, `A001/C003.mov`, `frame count: expected 48, found 47`. */
export function eventCells(event: EventInfo, now: number): string[] {
  return [
    formatMoment(event.at, now),
    event.kind,
    event.path === null ? '' : escapeName(event.path === '' ? '.' : event.path),
    escapeText([describeFacts(event), describeWho(event.who)].filter((part) => part !== '').join('; ')),
  ];
}

export function describeWho(who: EventInfo['who']): string {
  if (who === null) return '';
  if (who.command !== undefined) return `by ${who.user ?? 'somebody'} with '${who.command}'`;
  return `by ${who.process ?? 'a process'}${who.pid === undefined ? '' : ` (${who.pid})`}`;
}

function describeFacts({ facts }: EventInfo): string {
  return Object.entries(facts)
    .map(([name, value]) => describeFact(name, value))
    .filter((text) => text !== '')
    .join(', ');
}

function describeFact(name: string, value: string | number | boolean): string {
  if (value === '' || name === 'poolKey') return '';
  if (name === 'reason') return String(value);
  if (name === 'size' && typeof value === 'number') return formatSize(value);
  if (name === 'seconds' && typeof value === 'number') return `in ${value.toFixed(1)} s`;
  if (name === 'milliseconds') return `in ${value} ms`;
  if (name === 'changed' && typeof value === 'number') return `${counted(value, 'path')} changed`;
  if (name === 'stayedMaster') return value === 0 ? '' : `${value} stayed master`;
  if (name === 'jobClass') return String(value);
  if (name === 'count' && typeof value === 'number') return counted(value, 'clip');
  return `${name.replace(/([A-Z])/g, ' $1').toLowerCase()} ${value}`;
}
