/** Open files as a table: what, which variant, who, since when. */

import type { HandleInfo } from '../../src/control/schema.js';
import { escapeName, escapeText } from './escape.js';
import { formatMoment } from './quantities.js';
import { formatTable } from './table.js';

export function formatHandles(handles: readonly HandleInfo[], now: number): string {
  const rows = handles.map((handle) => [
    escapeName(handle.path),
    `${handle.variant}${handle.outdated ? ' (outdated)' : ''}${handle.writable ? ' (writing)' : ''}`,
    String(handle.pid),
    escapeText(handle.process),
    formatMoment(handle.since, now),
  ]);
  const columns = [
    { heading: 'PATH' },
    { heading: 'READS' },
    { heading: 'PID', align: 'right' as const },
    { heading: 'PROCESS' },
    { heading: 'SINCE' },
  ];
  return formatTable(columns, rows);
}
