/** What a watcher tells, as lines for people. */

import type { WatchEvent } from '../../src/watchfolder/events.js';
import type { Style } from '../terminal.js';
import { escapeName, escapeText } from './escape.js';

/** Undefined: nothing that people need a line for. */
export function watchLine(event: WatchEvent, style: Style): string | undefined {
  switch (event.event) {
    case 'watching':
      return `watching ${escapeName(event.folder)}, ${event.max_workers === 1 ? 'one spec after the other' : `${event.max_workers} specs at once`}`;
    case 'taken':
      return `${style.bold(escapeName(event.name))} taken${event.spec === `${event.name}.json` ? '' : ` (was ${escapeName(event.spec)})`}`;
    case 'ended':
      return endLine(event, style);
    case 'recovered':
      return `${style.bold(escapeName(event.name))} was left in running: ${escapeText(event.reason)}; ${ACTION[event.action]}`;
    case 'returned':
      return `${style.bold(escapeName(event.name))} stopped and put back into pending as ${escapeName(event.spec)}`;
    case 'lost':
      return style.yellow(
        `${escapeName(event.name)} was taken over by another watcher, since this one had not been seen for too long`,
      );
    case 'waiting':
    case 'warning':
      return style.yellow(escapeText(event.reason));
    case 'stopping':
      return 'stopping: what runs is stopped and put back; once more ends at once';
    case 'clip-finished':
      return clipLine(event);
    default:
      return undefined;
  }
}

const ACTION = {
  interrupted: 'it fails as interrupted',
  resumed: 'it is run again',
  finished: 'its result was there, and it is put in place',
  nothing: 'nothing had been taken',
} as const;

function endLine(event: Extract<WatchEvent, { event: 'ended' }>, style: Style): string {
  const colour = event.folder === 'completed' ? style.green : style.red;
  const why = event.reason === null ? '' : `: ${escapeText(event.reason)}`;
  return `${style.bold(escapeName(event.name))} ${colour(event.folder)}${event.status === 'PARTIAL' ? ' (partly done)' : ''}${why}`;
}

function clipLine({ name, clip }: Extract<WatchEvent, { event: 'clip-finished' }>): string {
  const why = clip.failure === null ? '' : `: ${escapeText(clip.failure.reason)}`;
  return `${escapeName(name)} clip ${clip.index} ${clip.status}: ${escapeName(clip.output)}${why}`;
}
