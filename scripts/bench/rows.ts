/** The rows of the read benchmark: what the reader is told to do, and what its answer means. */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { SampleTree } from './sample-tree.js';

const MIB = 1024 * 1024;

export interface Row {
  readonly title: string;
  readonly unit: 'GB/s' | 'files/s';
  /** A mount just made knows no dentry and no page yet; otherwise one run goes before, unmeasured. */
  readonly cold: boolean;
  /** Maps the file shared, which not every target can serve. */
  readonly sharedMap?: true;
  readonly command: (mount: string, tree: SampleTree) => readonly string[];
}

const large = (mount: string, tree: SampleTree): string => join(mount, tree.large);

export const ROWS: readonly Row[] = [
  {
    title: 'sequential 1 MiB, cached',
    unit: 'GB/s',
    cold: false,
    command: (mount, tree) => ['seq', large(mount, tree), String(MIB), '4'],
  },
  {
    title: 'sequential 1 MiB, first read',
    unit: 'GB/s',
    cold: true,
    command: (mount, tree) => ['seq', large(mount, tree), String(MIB), '1'],
  },
  {
    title: 'random 64 KiB, cached',
    unit: 'GB/s',
    cold: false,
    command: (mount, tree) => ['rand', large(mount, tree), String(64 * 1024), '8192'],
  },
  {
    title: 'random 4 KiB, cached',
    unit: 'GB/s',
    cold: false,
    command: (mount, tree) => ['rand', large(mount, tree), '4096', '65536'],
  },
  {
    title: 'four readers, 1 MiB, cached',
    unit: 'GB/s',
    cold: false,
    command: (mount, tree) => ['four', large(mount, tree), String(MIB), '2'],
  },
  {
    title: 'mmap scan, cached',
    unit: 'GB/s',
    cold: false,
    sharedMap: true,
    command: (mount, tree) => ['map', large(mount, tree), '4'],
  },
  {
    title: 'write, 1 MiB blocks',
    unit: 'GB/s',
    cold: true,
    command: (mount, tree) => ['write', join(mount, 'written.bin'), String(MIB), String(tree.writtenBytes)],
  },
  {
    title: 'create, write 4 KiB, unlink',
    unit: 'files/s',
    cold: true,
    command: (mount, tree) => ['make', mount, String(tree.fileCount / 4)],
  },
  {
    title: 'walk with lstat, warm',
    unit: 'files/s',
    cold: false,
    command: (mount, tree) => ['walk', join(mount, tree.many)],
  },
  {
    title: 'walk with lstat, cold',
    unit: 'files/s',
    cold: true,
    command: (mount, tree) => ['walk', join(mount, tree.many)],
  },
  {
    title: 'open, read 4 KiB, close',
    unit: 'files/s',
    cold: true,
    command: (mount, tree) => ['open', join(mount, tree.many)],
  },
];

export async function measure(reader: string, row: Row, mount: string, tree: SampleTree): Promise<number> {
  const { stdout } = await promisify(execFile)(reader, [...row.command(mount, tree)], { cwd: '/' });
  const [done = 0, seconds = 1] = stdout.trim().split(' ').map(Number);
  return row.unit === 'GB/s' ? done / 1e9 / seconds : done / seconds;
}
