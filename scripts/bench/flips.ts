/**
 * How long a flip takes, by the number of assets it changes: in the table, in the kernel, and from
 * the call until the first and the last of the changed paths has been opened with its new content.
 */

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import type { MountOptions } from '../../src/mount/driver.js';
import { makeManyFiles } from './sample-tree.js';
import type { FlipTimes } from './serve.js';
import { type ServedMount, startProxyfs } from './targets.js';

const ROUNDS = 6;
/** Long, so that the kernel still knows every path when the flip comes. */
const CACHE_SECONDS = 600;
/** Lets the kernel forget names and inodes, but no pages: see `drop_caches` in proc(5). */
const FORGET_NAMES = '2';
const MARKS = { replace: 'r', master: 'm' } as const;

export interface FlipRow {
  readonly title: string;
  readonly assets: number;
  /** What the kernel knew of the paths before the flip. */
  readonly names: 'cached' | 'cold';
  readonly tableMs: number;
  readonly kernelMs: number;
  readonly totalMs: number;
  readonly firstOpenMs: number;
  readonly lastOpenMs: number;
}

type Times = Omit<FlipRow, 'title' | 'assets' | 'names'>;

export async function benchFlips(root: string, reader: string, counts: readonly number[]): Promise<FlipRow[]> {
  const source = join(root, 'assets');
  const replacement = join(root, 'replacement.mov');
  const paths = await makeManyFiles(source, Math.max(...counts), Buffer.from('master'));
  await writeFile(replacement, 'replacement');
  const rows: FlipRow[] = [];
  for (const [title, disable] of [
    ['epoch', {}],
    ['entry by entry', { incEpoch: true }],
  ] as const) {
    rows.push(...(await benchOne(title, disable, { root, source, replacement, reader, paths, counts })));
  }
  return rows;
}

interface Setting {
  readonly root: string;
  readonly source: string;
  readonly replacement: string;
  readonly reader: string;
  readonly paths: readonly string[];
  readonly counts: readonly number[];
}

async function benchOne(title: string, disable: MountOptions['disable'], setting: Setting): Promise<FlipRow[]> {
  const { source, root, paths, replacement } = setting;
  const mount = await startProxyfs('native', disable, source, root, CACHE_SECONDS);
  try {
    await mount.ask({ do: 'learn', paths, replacement });
    const rows: FlipRow[] = [];
    for (const assets of setting.counts) {
      for (const names of ['cached', 'cold'] as const) {
        rows.push({ title, assets, names, ...(await benchRounds(mount, names, assets, setting)) });
      }
    }
    return rows;
  } finally {
    await mount.stop();
  }
}

/** The best round of each figure, like everywhere in this benchmark. */
async function benchRounds(mount: ServedMount, names: FlipRow['names'], assets: number, setting: Setting) {
  const changed = setting.paths.slice(0, assets).map((path) => join(mount.path, relative(setting.source, path)));
  const rounds: Times[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    if (names === 'cold') await writeFile('/proc/sys/vm/drop_caches', FORGET_NAMES);
    else await promisify(execFile)(setting.reader, ['walk', mount.path], { cwd: '/' });
    rounds.push(await timeFlip(mount, round % 2 === 0 ? 'replace' : 'master', changed, setting.reader));
  }
  const best = (figure: keyof Times) => Math.min(...rounds.map((times) => times[figure]));
  return {
    tableMs: best('tableMs'),
    kernelMs: best('kernelMs'),
    totalMs: best('totalMs'),
    firstOpenMs: best('firstOpenMs'),
    lastOpenMs: best('lastOpenMs'),
  };
}

/** The opener is there before the flip; it gets the paths when the flip has returned. */
async function timeFlip(
  mount: ServedMount,
  to: 'replace' | 'master',
  changed: readonly string[],
  reader: string,
): Promise<Times> {
  const opener = spawn(reader, ['follow', MARKS[to]], { stdio: ['pipe', 'pipe', 'inherit'], cwd: '/' });
  const answer = text(opener.stdout);
  const exited = once(opener, 'exit');
  const lines = `${changed.join('\n')}\n`;
  const { calledAt, ...times }: FlipTimes = await mount.ask({ do: 'flip', to, count: changed.length });
  if (times.changed !== changed.length) throw new Error(`${times.changed} of ${changed.length} assets flipped`);
  opener.stdin.end(lines);
  const [code] = (await exited) as [number | null];
  if (code !== 0) throw new Error(`after the flip a path had its former content (the opener ended with ${code})`);
  const [first = 0, last = 0] = (await answer).trim().split(' ').map(Number);
  return { ...times, firstOpenMs: (first - calledAt) * 1e3, lastOpenMs: (last - calledAt) * 1e3 };
}
