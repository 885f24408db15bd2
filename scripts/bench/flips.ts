/** How long a flip takes, by the number of assets it changes: in the table, in the kernel, until the first open. */

import { execFile } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { promisify } from 'node:util';
import type { MountOptions } from '../../src/mount/driver.js';
import { makeManyFiles } from './sample-tree.js';
import type { FlipTimes } from './serve.js';
import { startProxyfs } from './targets.js';

const ROUNDS = 6;
/** Long, so that the kernel still knows every path when the flip comes. */
const CACHE_SECONDS = 600;

export interface FlipRow {
  readonly title: string;
  readonly assets: number;
  readonly tableMs: number;
  readonly kernelMs: number;
  readonly totalMs: number;
  readonly firstOpenMs: number;
}

type Times = Omit<FlipRow, 'title' | 'assets'>;

export async function benchFlips(root: string, reader: string, counts: readonly number[]): Promise<FlipRow[]> {
  const source = join(root, 'assets');
  const replacement = join(root, 'replacement.mov');
  const paths = await makeManyFiles(source, Math.max(...counts), Buffer.from('master'));
  const file = await open(replacement, 'w');
  await file.write('replacement');
  await file.close();
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
  const { source, root, reader, paths, replacement } = setting;
  const mount = await startProxyfs('native', disable, source, root, CACHE_SECONDS);
  try {
    await mount.ask({ do: 'learn', paths, replacement });
    const rows: FlipRow[] = [];
    for (const assets of setting.counts) {
      const rounds: Times[] = [];
      for (let round = 0; round < ROUNDS; round += 1) {
        await promisify(execFile)(reader, ['walk', mount.path], { cwd: '/' });
        const to = round % 2 === 0 ? 'replace' : 'master';
        const times: FlipTimes = await mount.ask({ do: 'flip', to, count: assets });
        if (times.changed !== assets) throw new Error(`${times.changed} of ${assets} assets flipped`);
        const seen = join(mount.path, relative(source, paths[0] ?? ''));
        rounds.push({ ...times, firstOpenMs: await timeOpen(seen, to === 'replace' ? 'replacement' : 'master') });
      }
      rows.push({ title, assets, ...bestOf(rounds) });
    }
    return rows;
  } finally {
    await mount.stop();
  }
}

async function timeOpen(path: string, expected: string): Promise<number> {
  const start = process.hrtime.bigint();
  const file = await open(path);
  const elapsed = Number(process.hrtime.bigint() - start) / 1e6;
  const content = await file.readFile('utf8');
  await file.close();
  if (content !== expected) throw new Error(`${path} holds '${content}' after the flip`);
  return elapsed;
}

/** The best round of each, like everywhere in this benchmark. */
function bestOf(rounds: readonly Times[]): Times {
  return {
    tableMs: Math.min(...rounds.map((round) => round.tableMs)),
    kernelMs: Math.min(...rounds.map((round) => round.kernelMs)),
    totalMs: Math.min(...rounds.map((round) => round.totalMs)),
    firstOpenMs: Math.min(...rounds.map((round) => round.firstOpenMs)),
  };
}
