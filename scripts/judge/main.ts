/**
 * Makes proxies of all clips of a folder as a mount would, and asks programs that are no part of
 * proxyfs whether each equals its master: ffprobe, mediainfo and MLT. A clip without a proxy is
 * shown with the reason, which is for people to judge.
 *
 * usage: scripts/judge/run FOLDER [--sets edit,edit_dnx,light] [--only NAME,...] [--json FILE]
 *
 * Exits with 2 when a published proxy differs, or when a clip that can have a proxy got none.
 */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { compareClips } from './compare.js';
import { makeAll, type Verdict } from './make.js';

const { values: args, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    sets: { type: 'string', default: 'edit,edit_dnx,light' },
    only: { type: 'string' },
    json: { type: 'string' },
  },
});
const [folder] = positionals;
if (folder === undefined) {
  process.stderr.write(
    'usage: scripts/judge/run FOLDER [--sets edit,edit_dnx,light] [--only NAME,...] [--json FILE]\n',
  );
  process.exit(1);
}

interface Row {
  readonly name: string;
  readonly set: string;
  readonly verdict: Verdict['kind'] | 'equal' | 'different';
  /** Why there is no proxy, or what differs. */
  readonly words: readonly string[];
}

const root = await mkdtemp(join(tmpdir(), 'proxyfs-judge-'));
try {
  const rows: Row[] = [];
  const wanted = (name: string) => args.only === undefined || args.only.split(',').includes(name);
  for await (const verdict of makeAll(root, folder, args.sets.split(','), wanted)) {
    const row = await judge(verdict);
    rows.push(row);
    process.stdout.write(`${row.verdict.padEnd(10)} ${row.set.padEnd(10)} ${row.name}\n`);
    for (const line of row.words) process.stdout.write(`           ${line}\n`);
  }
  const count = (verdict: Row['verdict']) => rows.filter((row) => row.verdict === verdict).length;
  const kinds = ['equal', 'different', 'failed', 'master'] as const;
  process.stdout.write(`${kinds.map((kind) => `${count(kind)} ${kind}`).join(', ')}\n`);
  if (args.json !== undefined) await writeFile(args.json, `${JSON.stringify(rows, null, 2)}\n`);
  process.exitCode = count('different') + count('failed') > 0 ? 2 : 0;
} finally {
  await rm(root, { recursive: true, force: true });
}

async function judge(verdict: Verdict): Promise<Row> {
  const { name, set } = verdict;
  if (verdict.kind !== 'proxy') return { name, set, verdict: verdict.kind, words: [verdict.reason] };
  const differences = await compareClips(verdict.master, verdict.proxy, root);
  return { name, set, verdict: differences.length === 0 ? 'equal' : 'different', words: differences };
}
