/** The data that is measured: one large file, and many small ones in folders of a hundred. */

import { execFile } from 'node:child_process';
import { mkdir, open, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SOURCES = join(dirname(fileURLToPath(import.meta.url)), '../../../scripts/bench');
const FILES_IN_FOLDER = 100;
const SMALL_FILE = Buffer.alloc(4096, 'x');

export interface SampleTree {
  readonly source: string;
  /** Relative to the source. */
  readonly large: string;
  readonly many: string;
  readonly fileCount: number;
  /** What the row that writes writes. */
  readonly writtenBytes: number;
}

const MIB = 1024 * 1024;

export async function makeSampleTree(root: string, largeMiB: number, fileCount: number): Promise<SampleTree> {
  const source = join(root, 'source');
  await mkdir(source);
  await makeLargeFile(join(source, 'large.mov'), largeMiB);
  await makeManyFiles(join(source, 'many'), fileCount, SMALL_FILE);
  return { source, large: 'large.mov', many: 'many', fileCount, writtenBytes: 2 * largeMiB * MIB };
}

export async function makeManyFiles(
  folder: string,
  count: number,
  content: Buffer,
  extension = '.mov',
): Promise<string[]> {
  const paths: string[] = [];
  for (let first = 0; first < count; first += FILES_IN_FOLDER) {
    const below = join(folder, `day${first / FILES_IN_FOLDER}`);
    await mkdir(below, { recursive: true });
    const names = Array.from({ length: Math.min(FILES_IN_FOLDER, count - first) }, (_, i) =>
      join(below, `${i}${extension}`),
    );
    await Promise.all(names.map((path) => writeFile(path, content)));
    paths.push(...names);
  }
  return paths;
}

/** Compiles the C reader; a reader in JavaScript would be the bottleneck. */
export async function buildReader(root: string, name = 'reader'): Promise<string> {
  const program = join(root, name);
  await promisify(execFile)('cc', ['-O2', '-o', program, join(SOURCES, `${name}.c`)]);
  return program;
}

async function makeLargeFile(path: string, mebibytes: number): Promise<void> {
  const block = Buffer.alloc(MIB, 'proxyfs ');
  const file = await open(path, 'w');
  for (let i = 0; i < mebibytes; i += 1) await file.write(block);
  await file.close();
}
