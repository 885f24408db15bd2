/**
 * Encodes a long master in segments: the finished file is, byte for byte, the one that a single
 * command would have written. Where one encoder makes them all without an interruption it writes
 * that file as well, and they are there in case of one; else they are joined without loss.
 *
 * Promises: a segment that is there is not made again, whatever interrupted the work. Each
 * segment is entered by a seek, so its first frames are encoded once more than needed and
 * compared with the last ones of the segment before, which came to them without a seek; the
 * number of its frames is counted. That the joined file has the frames of all segments is for the
 * caller to check, beside what else he reads of it. Whatever does not fit is thrown as
 * `generate/segments`: the clip is encoded in one piece then. Concurrency: one call for each folder; within it as many FFmpegs as are lent.
 */

import { stat } from 'node:fs/promises';
import { errnoOf, ProxyfsError } from '../base/error.js';
import { invariant } from '../base/invariant.js';
import type { RealPath } from '../base/paths.js';
import type { Pace } from '../ffmpeg/pace.js';
import type { EncodeProgress } from '../ffmpeg/progress.js';
import { type RunResult, runFfmpeg } from '../ffmpeg/run.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import { blake3OfFile } from '../fingerprint/fingerprint.js';
import type { Segmenting } from '../profiles/recipe.js';
import { type Segment, segmentsOf } from './bounds.js';
import { joinArguments, joinList, leadOf, type Piece } from './commands.js';
import { COMPARED, encodeRow } from './encode-row.js';
import { FirstPackets } from './first-packets.js';
import { HashReader } from './hash-reader.js';
import { SegmentProgress } from './progress.js';
import { Room } from './room.js';
import { type SegmentRecord, SegmentStore } from './segment-store.js';
import { sitingWords } from './siting.js';
import type { Stretch } from './stretch.js';
import { unfit } from './unfit.js';
import { type Borrow, workOff } from './work-off.js';

/** What the manifest of a proxy keeps, so that a later one can take over what is still the same. */
export interface SegmentDigests {
  /** Frames of each segment but the last. */
  readonly frames: number;
  /** Of the master's packets that each was made from. */
  readonly sources: readonly string[];
}

/** A proxy of an earlier state of the same master, made by the same encoder with the same arguments. */
export interface Earlier {
  readonly file: RealPath;
  readonly digests: SegmentDigests;
}

export interface SegmentedEncoding {
  readonly master: RealPath;
  /** Tells states of the master apart. */
  readonly masterState: string;
  readonly segmenting: Segmenting;
  readonly frames: number;
  readonly framesPerSegment: number;
  /** Where segments are kept until they are joined; made when it is not there. */
  readonly directory: RealPath;
  readonly output: RealPath;
  readonly earlier?: Earlier | undefined;
  readonly borrow?: Borrow | undefined;
  /** Bytes of the disk that are not to be used. */
  readonly keepFree?: number | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: EncodeProgress) => void;
  readonly stallMs?: number | undefined;
}

export interface Segmented {
  /** The command that wrote the finished file, and the time of all. */
  readonly run: RunResult;
  readonly digests: SegmentDigests;
  /**
   * Reads the joined file: it has the frames of the segments and nothing else. While the segments are there;
   * undefined when nothing was joined.
   */
  readonly checkFrames?: () => Promise<void>;
}

/** A segment that is there, made now or before. */
interface Part {
  readonly segment: Segment;
  readonly piece: Piece;
  readonly record: Pick<SegmentRecord, 'source' | 'before'>;
  /** Size and hash of its frames; undefined: not read yet. */
  readonly frames: readonly string[] | undefined;
}

type ReadPart = Part & { readonly frames: readonly string[] };

export async function encodeInSegments(toolchain: Toolchain, encoding: SegmentedEncoding): Promise<Segmented> {
  const { frames, framesPerSegment, directory, masterState } = encoding;
  const started = performance.now();
  const segments = segmentsOf(frames, framesPerSegment);
  const store = await SegmentStore.open(directory, masterState);
  const desk = new Desk(toolchain, encoding, store, new FirstPackets(toolchain, encoding, segments));
  const { parts, finished } = await desk.makeAll(segments);
  const digests = { frames: framesPerSegment, sources: parts.map(({ record }) => record.source) };
  const timed = (run: RunResult) => ({ ...run, seconds: (performance.now() - started) / 1000 });
  if (finished !== undefined) return { run: timed(finished), digests };
  const read = await desk.readAll(parts);
  for (const [index, part] of read.entries()) checkSeam(read[index - 1], part);
  const run = await desk.join(read);
  return { run: timed(run), digests, checkFrames: () => desk.checkFrames(read) };
}

class Desk {
  readonly #progress: SegmentProgress;
  readonly #reader: HashReader;

  constructor(
    private readonly toolchain: Toolchain,
    private readonly encoding: SegmentedEncoding,
    private readonly store: SegmentStore,
    private readonly firsts: FirstPackets,
  ) {
    this.#reader = new HashReader(toolchain, encoding, store, firsts);
    this.#progress = new SegmentProgress(encoding.segmenting.rate, encoding.onProgress);
  }

  /** `finished`: the run that wrote the finished file beside the segments. */
  async makeAll(segments: readonly Segment[]): Promise<{ parts: readonly Part[]; finished: RunResult | undefined }> {
    const { borrow, output, segmenting, signal } = this.encoding;
    const parts = new Map<number, Part>();
    for (const segment of segments) {
      const kept = await this.#kept(segment, parts.has(segment.index - 1));
      if (kept !== undefined) parts.set(segment.index, kept);
    }
    const missing = () => segments.filter(({ index }) => !parts.has(index));
    for (const part of await this.#fromEarlier(missing())) parts.set(part.segment.index, part);
    for (const { segment } of parts.values()) this.#progress.have(segment.to - segment.from);
    const { encoding, firsts, store, toolchain } = this;
    const left = missing().reduce((frames, { from, to }) => frames + to - from, 0);
    const room = new Room(encoding.directory, encoding.keepFree ?? 0, encoding.frames, left);
    let finished: RunResult | undefined;
    const work = async (stretch: Stretch, stop: AbortSignal, pace?: Pace) => {
      // By the next turn all who are lent from the beginning have taken their share.
      await Promise.resolve();
      const isAll = stretch.segments.length === segments.length && !stretch.isShortened;
      const { whole } = segmenting;
      const row = {
        ...{ toolchain: paced(toolchain, pace), store, reading: { ...encoding, signal: stop }, stretch, firsts },
        finished: isAll && whole !== undefined ? { file: output, whole } : undefined,
      };
      const onProgress = this.#progress.follow(stretch, leadOf(segmenting, stretch.first));
      const onSegment = async (segment: Segment, record: SegmentRecord, frames?: readonly string[]) => {
        const file = store.fileOf(segment);
        parts.set(segment.index, partOf(segment, file, record, frames));
        const begun = { bytes: await sizeOf(output), frames: row.finished && segment.to };
        await room.take(segment, file, begun);
      };
      finished = await encodeRow(row, { onProgress, onSegment });
      this.#progress.done(stretch);
    };
    await workOff(missing(), work, { signal, borrow });
    const made = segments.map(({ index }) => {
      const part = parts.get(index);
      invariant(part !== undefined, 'every segment is there when the work is done');
      return part;
    });
    return { parts: made, finished };
  }

  /** The frames of all, counted. */
  async readAll(parts: readonly Part[]): Promise<readonly ReadPart[]> {
    const read: ReadPart[] = [];
    for (const part of parts) {
      const { segment, piece } = part;
      const frames = part.frames ?? (await this.#reader.segmentFrames(segment, piece.file, `${segment.index}.hash`));
      read.push({ ...part, frames });
    }
    return read;
  }

  async join(parts: readonly Part[]): Promise<RunResult> {
    const { master, output, segmenting, signal, stallMs } = this.encoding;
    const pieces = parts.map(({ piece }) => piece);
    const list = await this.store.write('join.txt', joinList(pieces, segmenting));
    const { encoding, store, toolchain } = this;
    const siting = segmenting.statesSiting ? await sitingWords(toolchain, encoding, store) : [];
    const args = joinArguments(segmenting, { master, list, output }, siting);
    return await runFfmpeg(this.toolchain, args, { signal, stallMs, polite: true });
  }

  async checkFrames(parts: readonly ReadPart[]): Promise<void> {
    const found = await this.#reader.framesOf(this.encoding.output, 'joined.hash');
    const wanted = parts.flatMap(({ frames }) => frames);
    if (!sameList(found, wanted)) throw unfit('the joined file does not hold the frames of its segments');
  }

  /** Made before, by this process or by one that was interrupted, and still what it was; `isNext`: so is the one before. */
  async #kept(segment: Segment, isNext: boolean): Promise<Part | undefined> {
    const record = await this.store.recordOf(segment);
    if (record === undefined) return undefined;
    const file = this.store.fileOf(segment);
    const found = await blake3OfFile(file, this.encoding.signal).catch((error: unknown) => {
      this.encoding.signal.throwIfAborted();
      if (error instanceof ProxyfsError) return undefined;
      throw error;
    });
    if (found === record.blake3 && (isNext || record.before !== undefined)) return partOf(segment, file, record);
    await this.store.drop(segment);
    return undefined;
  }

  /** What the proxy of an earlier state holds of the same source. */
  async #fromEarlier(segments: readonly Segment[]): Promise<readonly Part[]> {
    const { earlier, framesPerSegment } = this.encoding;
    if (earlier === undefined || earlier.digests.frames !== framesPerSegment || segments.length === 0) return [];
    const frames = await this.#reader.framesOf(earlier.file, 'earlier.hash');
    const parts: Part[] = [];
    for (const segment of segments) {
      const { index, from, to } = segment;
      const source = earlier.digests.sources[index];
      if (source === undefined || to > frames.length || source !== (await this.#reader.digestOf(segment))) continue;
      const piece = { file: earlier.file, first: from, from, to, isCut: to < frames.length };
      const before = frames.slice(Math.max(0, from - COMPARED), from);
      parts.push({ segment, piece, record: { source, before }, frames: frames.slice(from, to) });
    }
    return parts;
  }
}

/** The programs of a lent encoder are held up by a pace of their own. */
function paced(toolchain: Toolchain, pace: Pace | undefined): Toolchain {
  return pace === undefined ? toolchain : { ...toolchain, manner: { priority: 'low', ...toolchain.manner, pace } };
}

function partOf(segment: Segment, file: RealPath, record: SegmentRecord, frames?: readonly string[]): Part {
  const { from, to } = segment;
  return { segment, piece: { file, first: 0, from, to, isCut: false }, record, frames };
}

/** 0 while there is none. */
async function sizeOf(file: RealPath): Promise<number> {
  return await stat(file).then(
    ({ size }) => size,
    (error: unknown) => {
      if (errnoOf(error) === 'ENOENT') return 0;
      throw error;
    },
  );
}

/** The frames before the seam were reached by two ways, unless one run made both segments. */
function checkSeam(previous: ReadPart | undefined, { record: { before }, segment: { index } }: ReadPart): void {
  if (previous === undefined || before === undefined) return;
  if (before.length < COMPARED || !sameList(previous.frames.slice(-COMPARED), before)) {
    throw unfit(
      `segments ${index - 1} and ${index} do not meet: seeking in the master does not lead to the same frames`,
    );
  }
}

const sameList = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((text, index) => text === b[index]);
