/**
 * One FFmpeg encodes segments that follow each other, and each is kept as soon as it is complete.
 *
 * Promises: what is kept was counted, and its record says from which packets of the master it
 * was made. FFmpeg is stopped when the rest was given to somebody else. What is not kept is
 * removed, also after a failure. Concurrency: any number of calls for segments that differ.
 *
 * A row that is the whole clip writes the finished file as well, as one command does. Its
 * segments, which nobody needs then, are not counted: that is for who joins them after all.
 */

import { type FileHandle, open, readFile, rm } from 'node:fs/promises';
import { basename } from 'node:path';
import { errnoOf } from '../base/error.js';
import type { RealPath } from '../base/paths.js';
import type { EncodeProgress } from '../ffmpeg/progress.js';
import { type RunResult, runFfmpeg } from '../ffmpeg/run.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import { blake3OfFile } from '../fingerprint/fingerprint.js';
import { toNumber } from '../time/rational.js';
import type { Segment } from './bounds.js';
import { encodeArguments, type FinishedFile, leadOf, timesOf } from './commands.js';
import type { FirstPackets } from './first-packets.js';
import { FrameHashes } from './frame-hashes.js';
import { HashReader, type Reading } from './hash-reader.js';
import type { SegmentRecord, SegmentStore } from './segment-store.js';
import type { Stretch } from './stretch.js';
import { unfit } from './unfit.js';

export interface Row {
  readonly toolchain: Toolchain;
  readonly reading: Reading;
  readonly store: SegmentStore;
  readonly stretch: Stretch;
  readonly firsts: FirstPackets;
  /** When the stretch is the whole clip: the finished file. */
  readonly finished?: FinishedFile | undefined;
}

export interface RowEvents {
  readonly onProgress: (progress: EncodeProgress) => void;
  /** `frames` as far as they were read. May throw: then nothing more is encoded. */
  readonly onSegment: (segment: Segment, record: SegmentRecord, frames?: readonly string[]) => Promise<void>;
}

/** Frames that two neighbours have in common and that have to be equal. */
export const COMPARED = 3;
/** Frames that FFmpeg has read and not encoded: what it holds back, and what it reads beyond the end. */
const FARTHEST = 1000;

/** The run that wrote the finished file; undefined when there is none. */
export async function encodeRow(row: Row, events: RowEvents): Promise<RunResult | undefined> {
  const taker = new Taker(row, events);
  try {
    return await taker.run();
  } finally {
    await taker.close();
  }
}

class Taker {
  readonly #reader: HashReader;
  readonly #name: string;
  readonly #source = new FrameHashes();
  readonly #enough = new AbortController();
  #sourceBytes = 0;
  readonly #hasLead: boolean;
  /** Of FFmpeg's files, those that were taken. */
  #taken = 0;
  /** undefined: they were not read. */
  #before: readonly string[] | undefined = [];
  #hasFinished = false;
  #look: Promise<void> | undefined;
  #failed: { readonly error: unknown } | undefined;

  constructor(
    private readonly row: Row,
    private readonly events: RowEvents,
  ) {
    const { firsts, reading, store, stretch, toolchain } = row;
    this.#reader = new HashReader(toolchain, reading, store, firsts);
    this.#name = `${stretch.first.index}-`;
    this.#hasLead = leadOf(reading.segmenting, stretch.first) > 0;
  }

  async run(): Promise<RunResult | undefined> {
    const { reading, stretch } = this.row;
    const ended = await this.#encode().then(
      (run) => ({ run }),
      (error: unknown) => ({ error }),
    );
    await this.#look;
    if (this.#failed !== undefined) throw this.#failed.error;
    reading.signal.throwIfAborted();
    // What was complete when FFmpeg died is complete.
    if (!stretch.isFinished) await this.#takeAll('run' in ended);
    const { current } = stretch;
    if ('error' in ended && (current !== undefined || this.#makesFinished)) throw ended.error;
    if (current !== undefined) throw unfit(`segment ${current.index} has no frames`);
    if ('error' in ended || !this.#makesFinished) return undefined;
    this.#hasFinished = true;
    return ended.run;
  }

  async close(): Promise<void> {
    const { finished, store } = this.row;
    await store.removeTemporaries(this.#name);
    if (finished !== undefined && !this.#hasFinished) await rm(finished.file, { force: true });
  }

  /** What FFmpeg writes beside the segments is the clip: nobody else has a part of it. */
  get #makesFinished(): boolean {
    return this.row.finished !== undefined && !this.row.stretch.isShortened;
  }

  async #encode(): Promise<RunResult> {
    const { finished, reading, store, stretch, toolchain } = this.row;
    const { master, segmenting, signal, stallMs } = reading;
    const named = (name: string) => basename(store.temporary(`${this.#name}${name}`));
    const files = { master, pattern: named('%d.mov'), list: named('list'), source: named('source') };
    return await runFfmpeg(toolchain, encodeArguments(segmenting, stretch.segments, files, finished), {
      directory: store.directory,
      signal: AbortSignal.any([signal, this.#enough.signal]),
      onProgress: (progress) => {
        this.events.onProgress(progress);
        this.#lookOnce();
      },
      ...{ stallMs, polite: true },
    });
  }

  #lookOnce(): void {
    this.#look ??= this.#takeAll(false)
      .catch((error: unknown) => {
        this.#failed ??= { error };
        this.#enough.abort();
      })
      .finally(() => {
        this.#look = undefined;
      });
  }

  /** Takes what is complete; `isEnd`: there will be no more. */
  async #takeAll(isEnd: boolean): Promise<void> {
    const { stretch } = this.row;
    // By what had been read at the last look: what is known of FFmpeg's frames is newer than that.
    this.#checkPace();
    await this.#readSource();
    const names = (await this.#textOf('list')).split('\n').slice(0, -1);
    while (this.#taken < names.length && !stretch.isFinished) {
      const file = this.#fileOf(this.#taken);
      if (this.#hasLead && this.#taken === 0) await this.#takeLead(file);
      else if (!(await this.#takeSegment(file, isEnd))) return;
      this.#taken += 1;
    }
    if (stretch.isFinished && !this.#makesFinished) this.#enough.abort();
  }

  async #takeLead(file: RealPath): Promise<void> {
    const { reading, stretch } = this.row;
    const frames = await this.#reader.framesOf(file, `${this.#name}hash`);
    if (frames.length !== leadOf(reading.segmenting, stretch.first)) {
      throw unfit(`before segment ${stretch.first.index} there are ${frames.length} frames`);
    }
    this.#before = frames.slice(-COMPARED);
    await rm(file);
  }

  /** false: what it was made from is not known yet. */
  async #takeSegment(file: RealPath, isEnd: boolean): Promise<boolean> {
    const { store, stretch } = this.row;
    const segment = stretch.current;
    if (segment === undefined) return false;
    const { from, to } = segment;
    const isRead = this.#isRead(segment);
    if (!isRead && !isEnd) return false;
    const [blake3, frames, source] = await Promise.all([
      blake3OfFile(file, this.row.reading.signal),
      this.#makesFinished ? undefined : this.#reader.segmentFrames(segment, file, `${this.#name}hash`),
      this.#digest(segment, isRead),
    ]);
    const record = { from, to, blake3, before: this.#before, source };
    await store.keep(segment, file, record);
    this.#before = frames?.slice(-COMPARED);
    await this.events.onSegment(segment, record, frames);
    stretch.pass();
    return true;
  }

  /** FFmpeg has read what it has encoded, but newer ones write the hashes in a thread of their own. */
  #isRead(segment: Segment): boolean {
    const { segmenting } = this.row.reading;
    const { begin, end } = timesOf(segmenting, segment);
    const wanted = segment.to - segment.from + leadOf(segmenting, segment);
    return this.#source.countBetween(begin, end) >= wanted;
  }

  async #digest(segment: Segment, isRead: boolean): Promise<string> {
    const digest = isRead ? await this.#reader.digestIn(this.#source, segment) : undefined;
    return digest ?? (await this.#reader.digestOf(segment));
  }

  /** Nothing is encoded any more once a frame was out of place; it need not be read to its end to see that. */
  #checkPace(): void {
    const { reading, stretch } = this.row;
    const { rate, start } = reading.segmenting;
    const read = ((this.#source.latest ?? 0) - toNumber(start)) * toNumber(rate) - stretch.first.from;
    if (read - stretch.encoded > FARTHEST) throw unfit('the times of its frames do not follow their numbers');
  }

  async #readSource(): Promise<void> {
    const handle = await this.#openSource();
    if (handle === undefined) return;
    try {
      const { size } = await handle.stat();
      const { buffer, bytesRead } = await handle.read({
        buffer: Buffer.alloc(size - this.#sourceBytes),
        position: this.#sourceBytes,
      });
      this.#sourceBytes += bytesRead;
      this.#source.push(buffer.toString('latin1', 0, bytesRead));
    } finally {
      await handle.close();
    }
  }

  /** undefined: FFmpeg has not begun to write it. */
  async #openSource(): Promise<FileHandle | undefined> {
    return await open(this.row.store.temporary(`${this.#name}source`)).catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return undefined;
      throw error;
    });
  }

  #fileOf(number: number): RealPath {
    return this.row.store.temporary(`${this.#name}${number}.mov`);
  }

  async #textOf(name: string): Promise<string> {
    return await readFile(this.row.store.temporary(`${this.#name}${name}`), 'utf8').catch((error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return '';
      throw error;
    });
  }
}
