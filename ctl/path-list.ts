/**
 * A list of clips in a file: a path a line, in the order of a timeline. Blank lines and
 * lines that begin with # are skipped.
 *
 * A relative path counts from the folder of the file, or from the root of the project:
 * whichever has it. A list on stdin has no folder; its paths count from where the command runs.
 * What is there is looked up in the source, never in the mount.
 */

import { lstat, readFile } from 'node:fs/promises';
import { dirname, isAbsolute, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { errnoOf, ProxyfsError } from '../src/base/error.js';
import { type RealPath, realPathOf, type VirtualPath } from '../src/base/paths.js';
import { type ProjectPlaces, toProjectPath } from './path-argument.js';

export interface ListedLine {
  readonly line: number;
  readonly text: string;
}

export interface PathList {
  /** As the user named it, for messages. */
  readonly name: string;
  /** Where relative paths count from. */
  readonly directory: string;
  readonly lines: readonly ListedLine[];
}

export interface FoundList {
  /** Each once, in the order of the list. */
  readonly paths: readonly VirtualPath[];
  readonly missing: readonly ListedLine[];
  /** Lines that name a clip again; a timeline often does. */
  readonly repeated: number;
}

const STDIN = '-';

export async function readPathList(name: string, cwd: string, stdin: NodeJS.ReadableStream): Promise<PathList> {
  if (name === STDIN) return { name: 'stdin', directory: cwd, lines: parseLines(await text(stdin)) };
  const file = resolve(cwd, name);
  try {
    return { name, directory: dirname(file), lines: parseLines(await readFile(file, 'utf8')) };
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new ProxyfsError('request/invalid', `the list '${name}' cannot be read: ${reason}`, { cause: error });
  }
}

/** Editors on other systems end lines with CR LF and begin files with a byte order mark. */
export function parseLines(content: string): ListedLine[] {
  return content
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((text, index) => ({ line: index + 1, text: text.trim() }))
    .filter(({ text }) => text !== '' && !text.startsWith('#'));
}

/** Rejects with `request/invalid` for a list that names nothing at all. */
export async function findListed(list: PathList, places: ProjectPlaces): Promise<FoundList> {
  if (list.lines.length === 0) {
    throw new ProxyfsError('request/invalid', `the list '${list.name}' names no clip: write one path a line`);
  }
  const paths = new Set<VirtualPath>();
  const missing: ListedLine[] = [];
  let repeated = 0;
  for (const line of list.lines) {
    const path = await findLine(line.text, list.directory, places);
    if (path === undefined) missing.push(line);
    else if (paths.has(path)) repeated += 1;
    else paths.add(path);
  }
  return { paths: [...paths], missing, repeated };
}

async function findLine(text: string, directory: string, places: ProjectPlaces): Promise<VirtualPath | undefined> {
  const candidates = isAbsolute(text) ? [text] : [resolve(directory, text), resolve(places.mountPoint, text)];
  for (const candidate of candidates) {
    const path = await toProjectPath(candidate, directory, places).catch(outside);
    if (path !== undefined && (await isThere(realPathOf(places.source as RealPath, path)))) return path;
  }
  return undefined;
}

function outside(error: unknown): undefined {
  if (error instanceof ProxyfsError && error.code === 'path/outside-project') return undefined;
  throw error;
}

/** A source that the user may not look into is the daemon's to judge. */
async function isThere(path: RealPath): Promise<boolean> {
  return await lstat(path).then(
    () => true,
    (error: unknown) => errnoOf(error) !== 'ENOENT' && errnoOf(error) !== 'ENOTDIR',
  );
}
