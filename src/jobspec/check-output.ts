/** The output folder and the names in it: there, writable, free, and nobody's source. Looks, and writes nothing. */

import { type BigIntStats, constants } from 'node:fs';
import { access, lstat, realpath, stat, statfs } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { errnoOf } from '../base/error.js';
import { type RealPath, virtualPathBelow } from '../base/paths.js';
import type { OutputExists } from './job-plan.js';
import { type Mounts, mountOf } from './master-path.js';
import { shortened, type Violation } from './violation.js';

const PATH_MAX = 4095;

export interface CheckedFolder {
  /** Without symbolic links where it exists. */
  readonly folder: RealPath;
  readonly violations: readonly Violation[];
}

export async function checkFolder(
  path: string,
  pointer: string,
  { sources, mounts }: { readonly sources: readonly string[]; readonly mounts: Mounts },
): Promise<CheckedFolder> {
  const named = resolve(path) as RealPath;
  const refuse = (message: string): CheckedFolder => ({ folder: named, violations: [{ pointer, message }] });
  const around = sources.find((source) => virtualPathBelow(resolve(source), named) !== undefined);
  if (around !== undefined) return refuse(`output folder '${path}' overlaps with the source '${around}': name another`);
  const fault = await folderFault(path);
  if (fault !== undefined) return refuse(fault);
  const folder = (await realpath(named)) as RealPath;
  const mountPoint = mountOf(folder, mounts);
  if (mountPoint !== undefined) {
    return refuse(
      `output folder '${path}' lies below the proxyfs mount ${mountPoint}: name it in the source tree, or elsewhere`,
    );
  }
  return { folder, violations: [] };
}

/** procfs, sysfs and cgroups let root pass every check, and then hold no file. */
const NO_FILES = new Set([0x9fa0, 0x62656572, 0x27e0eb, 0x63677270]);

async function folderFault(path: string): Promise<string | undefined> {
  try {
    if (!(await stat(path)).isDirectory()) return `output folder '${path}' is a file, not a folder`;
    await access(path, constants.W_OK | constants.X_OK);
    const isForFiles = !NO_FILES.has((await statfs(path)).type);
    return isForFiles
      ? undefined
      : `output folder '${path}' cannot be written to: the system's own folders hold no files`;
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === undefined) throw error;
    if (errno === 'ENOENT') return `output folder '${path}' does not exist: make it first`;
    if (errno === 'ENOTDIR') return `output folder '${path}' cannot exist: a part of its path is a file`;
    if (errno === 'ENAMETOOLONG') return `output folder '${shortened(path)}' cannot exist: its path is too long`;
    if (errno === 'ELOOP') return `output folder '${path}' cannot be used: its symbolic links lead in a circle`;
    if (errno === 'EROFS') return `output folder '${path}' cannot be written to: its disk is read-only`;
    if (errno === 'EACCES' || errno === 'EPERM') {
      return `output folder '${path}' cannot be written to: permission denied for the user who runs the job`;
    }
    return `output folder '${path}' cannot be used: ${errno}`;
  }
}

export interface NamedOutput {
  /** As the spec names it. */
  readonly source: string;
  /** undefined where it was not found. */
  readonly master: { readonly path?: string; readonly dev: bigint; readonly ino: bigint } | undefined;
  readonly name: string;
}

export interface CheckedOutput {
  readonly output: RealPath;
  readonly isThere: boolean;
  /** One sentence each. */
  readonly faults: readonly string[];
}

/** Also names that differ in upper and lower case alone: on many disks they are one file. */
export function collisions(outputs: readonly (NamedOutput | undefined)[]): string[] {
  const first = new Map<string, NamedOutput>();
  return outputs.flatMap((output) => {
    if (output === undefined) return [];
    const key = folded(output.name);
    const earlier = first.get(key);
    if (earlier === undefined) first.set(key, output);
    if (earlier === undefined) return [];
    const how = earlier.name === output.name ? 'are both' : `('${earlier.name}' in other letters) are both`;
    return [
      `the outputs of '${earlier.source}' and '${output.source}' ${how} named '${output.name}': use {index} or another token`,
    ];
  });
}

export async function checkOutput(
  folder: RealPath,
  { name }: NamedOutput,
  { sources, outputExists }: { readonly sources: SourceIndex; readonly outputExists: OutputExists },
): Promise<CheckedOutput> {
  const output = join(folder, name) as RealPath;
  const result = (isThere: boolean, ...faults: string[]): CheckedOutput => ({ output, isThere, faults });
  if (Buffer.byteLength(output) > PATH_MAX) {
    return result(false, `the path of the output '${name.slice(0, 40)}...' is longer than ${PATH_MAX} bytes`);
  }
  const found = await lstatOf(output);
  const source = sources.at(output) ?? (found === undefined ? undefined : sources.file(found));
  if (source !== undefined) {
    return result(true, `output '${output}' is the source '${source}' itself: change the template or the folder`);
  }
  if (found === undefined) return result(false);
  if (!found.isFile())
    return result(true, `output '${output}' cannot be written: something that is no file has that name`);
  if (outputExists !== 'fail') return result(true);
  return result(
    true,
    `output '${output}' exists already: remove it, or say --output-exists skip or --output-exists overwrite`,
  );
}

/** The sources by path and by identity. */
export interface SourceIndex {
  at(path: string): string | undefined;
  file(stat: { readonly dev: bigint; readonly ino: bigint }): string | undefined;
}

export function indexSources(
  sources: readonly {
    readonly source: string;
    readonly master?: string | undefined;
    readonly state?: { readonly dev: bigint; readonly ino: bigint } | undefined;
  }[],
): SourceIndex {
  const paths = new Map<string, string>();
  const files = new Map<string, string>();
  for (const { source, master, state } of sources) {
    for (const path of [resolve(source), ...(master === undefined ? [] : [master])]) paths.set(folded(path), source);
    if (state !== undefined) files.set(`${state.dev}:${state.ino}`, source);
  }
  return { at: (path) => paths.get(folded(path)), file: ({ dev, ino }) => files.get(`${dev}:${ino}`) };
}

const folded = (name: string): string => name.normalize('NFC').toLowerCase();

async function lstatOf(path: string): Promise<BigIntStats | undefined> {
  try {
    return await lstat(path, { bigint: true });
  } catch (error) {
    const errno = errnoOf(error);
    if (errno === 'ENOENT' || errno === 'ENOTDIR' || errno === 'EACCES') return undefined;
    throw error;
  }
}
