/**
 * The looks of a project, in a folder of its state: `NAME.cube` as it was given, `NAME.json`
 * with what it says of itself, and `tables/` with what FFmpeg reads, named by content.
 *
 * Promises: only checked files get in, and a table is never changed in place, so the hash of
 * a look is what its proxies were made with. Concurrency: one daemon owns the folder.
 */

import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../base/atomic-file.js';
import { errnoOf, ProxyfsError } from '../base/error.js';
import { makeDirectory } from '../base/make-directory.js';
import type { RealPath } from '../base/paths.js';
import { blake3OfParts } from '../fingerprint/blake3.js';
import { isLookName, LOOK_OUTPUTS, type Look, type LookOutput, type Looks } from './look.js';
import { type Cube, parseCube } from './parse-cube.js';
import { plainCube } from './plain-cube.js';

/** A table of 129 entries a side has 60 MB of text. */
const LARGEST_FILE = 128 << 20;

const recordSchema = z.object({ output: z.enum(LOOK_OUTPUTS) });

export class LookStore implements Looks {
  readonly #looks = new Map<string, Look>();

  private constructor(private readonly directory: string) {}

  /** A look that can no longer be read is left out, and told to `onDamaged`. */
  static async open(directory: string, onDamaged: (name: string, reason: string) => void): Promise<LookStore> {
    const store = new LookStore(directory);
    for (const file of (await namesIn(directory)).filter((each) => each.endsWith('.cube'))) {
      const name = basename(file, '.cube');
      try {
        const { output } = recordSchema.parse(JSON.parse(await readFile(join(directory, `${name}.json`), 'utf8')));
        await store.#load(name, await readFile(join(directory, file), 'utf8'), output);
      } catch (error) {
        onDamaged(name, error instanceof Error ? error.message : String(error));
      }
    }
    return store;
  }

  get(name: string): Look | undefined {
    return this.#looks.get(name);
  }

  list(): readonly Look[] {
    return [...this.#looks.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** Takes a copy. Rejects with 'look/invalid'; a look of this name is replaced, and its proxies are then others. */
  async add(file: string, options: { readonly name?: string | undefined; readonly output: LookOutput }): Promise<Look> {
    const name =
      options.name ??
      basename(file)
        .replace(/\.cube$/i, '')
        .replaceAll(/[^A-Za-z0-9_-]+/g, '-');
    if (!isLookName(name)) throw badName(name);
    const text = await readLook(file);
    parseCube(text, basename(file));
    await makeDirectory(this.directory, 0o700);
    await writeFileAtomic(join(this.directory, `${name}.json`), `${JSON.stringify({ output: options.output })}\n`);
    await writeFileAtomic(join(this.directory, `${name}.cube`), text);
    return await this.#load(name, text, options.output);
  }

  async #load(name: string, text: string, output: LookOutput): Promise<Look> {
    const cube = parseCube(text, `${name}.cube`);
    const { table, shaper } = plainCube(cube);
    const hash = blake3OfParts(['proxyfs look 1', table, shaper ?? '', output]);
    const files = {
      table: await this.#place(hash, table),
      shaper: shaper && (await this.#place(`${hash}.in`, shaper)),
    };
    const look = describe(name, cube, { hash, output, table: files.table, shaper: files.shaper || undefined });
    this.#looks.set(name, look);
    return look;
  }

  async #place(name: string, text: string): Promise<RealPath> {
    const path = join(this.directory, 'tables', `${name}.cube`) as RealPath;
    if ((await sizeOf(path)) === Buffer.byteLength(text)) return path;
    await makeDirectory(join(this.directory, 'tables'), 0o700);
    await writeFileAtomic(path, text, 0o444);
    return path;
  }
}

function describe(
  name: string,
  { kind, size, title }: Cube,
  rest: Omit<Look, 'name' | 'kind' | 'size' | 'title'>,
): Look {
  return { name, kind, size, title, ...rest };
}

async function readLook(file: string): Promise<string> {
  try {
    const { size } = await stat(file);
    if (size <= LARGEST_FILE) return await readFile(file, 'utf8');
    const message = `'${file}' has ${size >> 20} MiB, and looks of up to ${LARGEST_FILE >> 20} MiB are taken: export a smaller table`;
    throw new ProxyfsError('look/invalid', message, { details: { file, size } });
  } catch (error) {
    if (errnoOf(error) === undefined) throw error;
    const message = `the look '${file}' cannot be read (${errnoOf(error)}): name a .cube file that this user can read`;
    throw new ProxyfsError('look/invalid', message, { details: { file } });
  }
}

async function namesIn(directory: string): Promise<readonly string[]> {
  return await readdir(directory).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return [];
    throw error;
  });
}

async function sizeOf(path: string): Promise<number | undefined> {
  return await stat(path).then(
    ({ size }) => size,
    (error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    },
  );
}

function badName(name: string): ProxyfsError {
  const message = `'${name}' cannot be the name of a look: letters, digits, - and _, up to 40; give one with --name`;
  return new ProxyfsError('look/invalid', message, { details: { name } });
}
