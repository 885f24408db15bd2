/** The claims of a tour, each checked against the bytes; a claim that does not hold is an error. */

import { readdir, stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { escapeName } from '../../ctl/output/escape.js';
import { formatTable } from '../../ctl/output/table.js';
import { formatSize } from '../../src/base/byte-size.js';
import { ProxyfsError } from '../../src/base/error.js';
import type { Clip } from './clip.js';
import type { Guide } from './guide.js';
import { type Contents, hashOf, inspect } from './inspect.js';

export interface Witness {
  /** In the project. */
  readonly path: string;
  readonly source: string;
  readonly mounted: string;
  readonly master: Contents;
  readonly proxySize: number | null;
  /** Set when the proxy was first seen. */
  proxyHash: string | undefined;
}

export async function proveProxies(witnesses: readonly Witness[], guide: Guide): Promise<void> {
  const seen = await inspectAll(witnesses);
  guide.table(tableOf(seen));
  for (const { witness, contents } of seen) {
    const { master, path } = witness;
    demand(contents.size !== master.size, `${path} has the size of its master: it is no proxy`);
    demand(contents.size === witness.proxySize, `${path} is ${contents.size} bytes, its proxy ${witness.proxySize}`);
    for (const fact of ['frames', 'rate', 'timecode'] as const) {
      demand(contents[fact] === master[fact], `${path}: ${fact} ${contents[fact]}, the master has ${master[fact]}`);
    }
    demand(contents.streams.join() === master.streams.join(), `${path}: the streams differ from the master's`);
    witness.proxyHash = await hashOf(witness.mounted);
    demand(witness.proxyHash !== (await hashOf(witness.source)), `${path} has the bytes of its master`);
  }
  guide.verified('frame count, exact frame rate, timecode and streams of every proxy equal its master’s');
}

export async function proveMasters(witnesses: readonly Witness[], guide: Guide): Promise<void> {
  const seen = await inspectAll(witnesses);
  guide.table(tableOf(seen));
  for (const { witness, contents } of seen) {
    demand(contents.size === witness.master.size, `${witness.path} has not the size of its master`);
    const [mounted, source] = await Promise.all([hashOf(witness.mounted), hashOf(witness.source)]);
    demand(mounted === source, `${witness.path} differs from its source`);
  }
  guide.verified(`${witnesses.length} clips are byte-identical to their sources (SHA-256)`);
}

export async function proveSameProxies(witnesses: readonly Witness[], guide: Guide): Promise<void> {
  guide.table(tableOf(await inspectAll(witnesses)));
  for (const { path, mounted, proxyHash } of witnesses) {
    demand((await hashOf(mounted)) === proxyHash, `${path} holds other bytes than the proxy of before`);
  }
  guide.verified('every path holds the very bytes that it held in proxy mode before');
}

/** Files without variants are the same everywhere; folders list the same names. */
export async function proveUntouchedFiles(
  source: string,
  mountPoint: string,
  clips: readonly Clip[],
  guide: Guide,
): Promise<void> {
  const media = new Set(clips.map((clip) => clip.path));
  const [inSource, inMount] = await Promise.all([filesBelow(source), filesBelow(mountPoint)]);
  demand(inSource.join('\0') === inMount.join('\0'), 'the mount does not list the names of its source');
  const others = inSource.filter((path) => !media.has(path));
  for (const path of others) {
    const [a, b] = await Promise.all([stat(join(source, path)), stat(join(mountPoint, path))]);
    demand(a.size === b.size && a.mtimeMs === b.mtimeMs, `${path} differs from its source in size or time`);
  }
  guide.verified(`all ${inSource.length} names are there; the ${others.length} other files are as in the source`);
}

async function filesBelow(root: string): Promise<string[]> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  return files.map((path) => relative(root, path)).sort();
}

interface Seen {
  readonly witness: Witness;
  readonly contents: Contents;
}

async function inspectAll(witnesses: readonly Witness[]): Promise<readonly Seen[]> {
  const seen: Seen[] = [];
  for (const witness of witnesses) {
    const contents = await inspect(witness.mounted);
    if (contents === undefined) throw new ProxyfsError('internal', `${witness.path} has lost its picture`);
    seen.push({ witness, contents });
  }
  return seen;
}

function tableOf(seen: readonly Seen[]): string {
  const right = 'right' as const;
  const columns = [
    { heading: 'PATH' },
    { heading: 'SIZE', align: right },
    { heading: 'CODEC' },
    { heading: 'PICTURE' },
    { heading: 'FRAMES', align: right },
    { heading: 'RATE', align: right },
    { heading: 'TIMECODE' },
    { heading: 'AUDIO', align: right },
  ];
  const rows = seen.map(({ witness, contents }) => [
    escapeName(witness.path),
    formatSize(contents.size),
    contents.codec,
    contents.picture,
    String(contents.frames),
    contents.rate.replace(/\/1$/, ''),
    contents.timecode || '-',
    String(contents.streams.filter((stream) => stream.startsWith('audio')).length),
  ]);
  return formatTable(columns, rows);
}

function demand(holds: boolean, otherwise: string): void {
  if (!holds) throw new ProxyfsError('internal', otherwise);
}
