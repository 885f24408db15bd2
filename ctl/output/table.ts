/** Columns without lines around them, aligned by what a terminal shows (wide characters count as two). */

import { stripVTControlCharacters } from 'node:util';
import Table from 'cli-table3';
import { escapeText } from './escape.js';

export interface Column {
  readonly heading?: string;
  readonly align?: 'left' | 'right';
  /** Its cells, which have no colours, are shortened in the middle where the table is wider than the terminal. */
  readonly shrinks?: boolean;
}

const LEAST_WIDTH = 16;
const GAP = 2;

const NO_LINES = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
};

/** Cells must be escaped already where they hold names; colours are allowed. `width` is that of the terminal. */
export function formatTable(columns: readonly Column[], all: readonly (readonly string[])[], width?: number): string {
  if (all.length === 0) return '';
  const rows = width === undefined ? all : fit(columns, all, width);
  const table = new Table({
    chars: NO_LINES,
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [], compact: true },
    colAligns: columns.map((column) => column.align ?? 'left'),
    ...(columns.some((column) => column.heading !== undefined)
      ? { head: columns.map((column) => column.heading ?? '') }
      : {}),
  });
  table.push(...rows.map((row) => [...row]));
  return trimLines(table.toString());
}

function fit(columns: readonly Column[], rows: readonly (readonly string[])[], width: number) {
  const shrinking = columns.findIndex(({ shrinks }) => shrinks === true);
  if (shrinking < 0) return rows;
  const cells = (at: number) => [columns[at]?.heading ?? '', ...rows.map((row) => row[at] ?? '')];
  const widths = columns.map((_, at) => Math.max(...cells(at).map(widthOf)));
  const total = widths.reduce((sum, each) => sum + (each === 0 ? 0 : each + GAP), -GAP);
  const most = Math.max(LEAST_WIDTH, (widths[shrinking] ?? 0) - Math.max(0, total - width));
  return rows.map((row) => row.map((cell, at) => (at === shrinking ? shorten(cell, most) : cell)));
}

/** `A001/a_rather…take_12.mov`: names differ at their ends. */
export function shorten(text: string, width: number): string {
  if (widthOf(text) <= width) return text;
  const characters = [...text];
  let [head, tail] = [Math.floor((width - 1) / 3), width - 1 - Math.floor((width - 1) / 3)];
  const shortened = () => `${characters.slice(0, head).join('')}…${characters.slice(-tail).join('')}`;
  // Wide characters take two places each.
  for (; widthOf(shortened()) > width && tail > 1; head = Math.max(0, head - 1)) tail -= 1;
  return shortened();
}

const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}]/u;

/** How many places of a terminal a text takes. */
function widthOf(text: string): number {
  const plain = stripVTControlCharacters(text);
  return [...plain].reduce((sum, character) => sum + (WIDE.test(character) ? 2 : 1), 0);
}

export function indent(text: string, by = '  '): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? line : by + line))
    .join('\n');
}

/** One line per fact, the names of the facts aligned: `Mount    /mnt/a`. */
export function formatFacts(facts: readonly (readonly [string, string])[]): string {
  const width = Math.max(...facts.map(([name]) => name.length));
  return facts.map(([name, value]) => `${name.padEnd(width)}  ${escapeText(value)}`).join('\n');
}

function trimLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n');
}
