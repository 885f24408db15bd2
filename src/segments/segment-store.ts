/**
 * The encoded segments of one proxy in the making, so that an interrupted encode goes on
 * where it was.
 *
 * A folder for each pool key in `segments/` of the pool: `0003.mov` and its record `0003.json`,
 * which is written last. A record whose file is not what it says counts for nothing. The folder
 * goes when the proxy is published, and by the sweep of the pool when nobody wrote to it for a week.
 */

import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { writeFileAtomic } from '../base/atomic-file.js';
import { errnoOf } from '../base/error.js';
import type { RealPath } from '../base/paths.js';
import { isProcessAlive } from '../base/process-alive.js';
import type { Segment } from './bounds.js';

const recordSchema = z.object({
  from: z.number(),
  to: z.number(),
  blake3: z.string(),
  /**
   * Size and hash of the last frames before it, as the encoder of this segment made them; left out when the
   * segment before is of the same run, and lasts no longer than this one counts.
   */
  before: z.array(z.string()).readonly().optional(),
  /** Of the master's packets that it was made from. */
  source: z.string(),
});

export type SegmentRecord = Readonly<z.infer<typeof recordSchema>>;

export class SegmentStore {
  private constructor(readonly directory: RealPath) {}

  /** What was made of another state of the master is thrown away. */
  static async open(directory: RealPath, master: string): Promise<SegmentStore> {
    const store = new SegmentStore(directory);
    const note = join(directory, 'master');
    if ((await textOf(note)) !== master) {
      await store.remove();
      await mkdir(directory, { recursive: true });
      await writeFileAtomic(note, master);
    }
    await store.#removeUnfinished();
    return store;
  }

  fileOf({ index }: Pick<Segment, 'index'>): RealPath {
    return this.#path(index, 'mov');
  }

  /** A name for something in the making; another process that makes the same has others. */
  temporary(name: string): RealPath {
    return join(this.directory, `${process.pid}-${name}`) as RealPath;
  }

  /** undefined: not made yet, or cut otherwise. */
  async recordOf(segment: Segment): Promise<SegmentRecord | undefined> {
    const parsed = recordSchema.safeParse(jsonOf(await textOf(this.#path(segment.index, 'json'))));
    const fits = ({ from, to }: SegmentRecord) => from === segment.from && to === segment.to;
    return parsed.success && fits(parsed.data) ? parsed.data : undefined;
  }

  async drop(segment: Segment): Promise<void> {
    await rm(this.#path(segment.index, 'json'), { force: true });
    await rm(this.fileOf(segment), { force: true });
  }

  async keep(segment: Segment, file: RealPath, record: SegmentRecord): Promise<void> {
    await rename(file, this.fileOf(segment));
    await writeFileAtomic(this.#path(segment.index, 'json'), JSON.stringify(record));
  }

  /** What was in the making under names that begin so. */
  async removeTemporaries(name: string): Promise<void> {
    const prefix = basename(this.temporary(name));
    for (const found of await readdir(this.directory)) {
      if (found.startsWith(prefix)) await rm(join(this.directory, found), { force: true });
    }
  }

  async write(name: string, text: string): Promise<RealPath> {
    const path = this.temporary(name);
    await writeFile(path, text);
    return path;
  }

  async remove(): Promise<void> {
    await rm(this.directory, { recursive: true, force: true });
  }

  /** What processes that are gone were writing. */
  async #removeUnfinished(): Promise<void> {
    for (const name of await readdir(this.directory)) {
      const pid = /^(\d+)-/.exec(name)?.[1];
      if (pid !== undefined && !isProcessAlive(Number(pid))) await rm(join(this.directory, name), { force: true });
    }
  }

  #path(index: number, extension: string): RealPath {
    return join(this.directory, `${String(index).padStart(4, '0')}.${extension}`) as RealPath;
  }
}

async function textOf(path: string): Promise<string> {
  return await readFile(path, 'utf8').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return '';
    throw error;
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
