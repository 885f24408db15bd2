/**
 * Runs ffmpeg and ffprobe. With toolchain and launcher the only user of execa.
 *
 * A run ends in one of five ways: it succeeds, it fails ('ffmpeg/failed'), it cannot be
 * started ('ffmpeg/missing'), it makes no progress for `stallMs` and is killed
 * ('ffmpeg/stalled'), or its signal aborts it ('job/cancelled'). In all but the first no
 * process is left when the promise settles.
 * What ffmpeg left on the disk is the caller's to remove. Any number may run at once.
 *
 * Both follow the manner of the toolchain: priority, cores, and a pace that may hold them up.
 */

import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { ProxyfsError } from '../base/error.js';
import { invariant } from '../base/invariant.js';
import { LastLines, tellingLines } from './last-lines.js';
import { isMortal, launcherWords, type Manner } from './launcher.js';
import { loadExeca } from './load-execa.js';
import type { Pace } from './pace.js';
import { createProgressParser, type EncodeProgress } from './progress.js';
import { bytesRead, type StallWatch, watchStall } from './stall-watch.js';
import type { Toolchain } from './toolchain.js';

export interface RunOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: EncodeProgress) => void) | undefined;
  /** Milliseconds without one more frame or microsecond, or byte read before the first, until it is killed. */
  readonly stallMs?: number | undefined;
  /** Low priority where the toolchain says nothing (default true): somebody is editing here. */
  readonly polite?: boolean | undefined;
  /** How many outputs are read here instead of written to a disk: `pipe:3`, `pipe:4`, ... */
  readonly pipes?: number | undefined;
  /** Where relative paths of the arguments count from; default the directory of this process. */
  readonly directory?: string | undefined;
}

export interface RunResult {
  /** Program and arguments as they were run, without the priority words before them. */
  readonly command: string[];
  readonly seconds: number;
  readonly lastLines: string[];
}

export interface PipedResult extends RunResult {
  /** What came out of each pipe. */
  readonly piped: readonly Buffer[];
}

export const DEFAULT_STALL_MS = 120_000;
/** In times of `stallMs`: who reads for longer without a frame goes in circles. */
const LONGEST_OPENING = 10;

/** What every run begins with, and why. */
export const COMMON_ARGUMENTS: readonly { readonly words: readonly string[]; readonly why: string }[] = [
  { words: ['-nostdin'], why: 'nobody is there to answer' },
  { words: ['-hide_banner', '-nostats', '-loglevel', 'warning'], why: 'only what is worth keeping is said' },
  { words: ['-progress', 'pipe:1'], why: 'progress for the bar, and to notice a stall' },
];
const COMMON = COMMON_ARGUMENTS.flatMap(({ words }) => words);
/** After those of stdin, stdout and stderr. */
const FIRST_PIPE = 3;
const ENVIRONMENT = { LC_ALL: 'C', AV_LOG_FORCE_NOCOLOR: '1' };

export async function runFfmpeg(
  toolchain: Toolchain,
  args: readonly string[],
  options: RunOptions = {},
): Promise<PipedResult> {
  const command = [toolchain.ffmpeg, ...COMMON, ...args];
  const manner = mannerOf(toolchain, options.polite ?? true);
  const pace = await paceOf(manner);
  const [program = '', ...words] = [...(await launcherWords(manner)), ...command];
  const kill = new AbortController();
  const signals = options.signal === undefined ? [kill.signal] : [kill.signal, options.signal];
  const started = performance.now();
  const execa = await loadExeca();
  const child = execa(program, words, {
    reject: false,
    buffer: false,
    stdio: ['ignore', 'pipe', 'pipe', ...Array<'pipe'>(options.pipes ?? 0).fill('pipe')],
    cancelSignal: AbortSignal.any(signals),
    killSignal: 'SIGKILL',
    env: ENVIRONMENT,
    ...(options.directory === undefined ? {} : { cwd: options.directory }),
  });
  const lines = new LastLines(20);
  child.stderr.setEncoding('utf8').on('data', (text: string) => lines.push(text));
  const stallMs = options.stallMs ?? DEFAULT_STALL_MS;
  let hasBegun = false;
  // Until the first frame it reads headers and an index, which takes minutes on slow storage; not for ever.
  const isOpening = () => !hasBegun && performance.now() - started < LONGEST_OPENING * stallMs;
  const look = () => (isOpening() ? bytesRead(child.pid) : undefined);
  const watch = watchStall({ stallMs, pid: child.pid, pace, look, onStall: () => kill.abort() });
  const onProgress = (progress: EncodeProgress) => {
    hasBegun ||= progress.frame > 0 || progress.outTimeUs > 0;
    options.onProgress?.(progress);
  };
  followProgress(child.stdout, { ...options, onProgress }, watch);
  const leave = pace?.take((signal) => child.kill(signal));
  const [result, ...piped] = await Promise.all([child, ...child.stdio.slice(FIRST_PIPE).map(readAll)]);
  leave?.();
  watch.stop();
  const lastLines = lines.lines();
  if (options.signal?.aborted) throw new ProxyfsError('job/cancelled', 'encoding was cancelled');
  if (kill.signal.aborted) throw stalled(stallMs, command, lastLines);
  if (isNotStarted(result)) throw notStarted(toolchain.ffmpeg, result, lastLines);
  if (result.exitCode !== 0) throw failed(result, command, lastLines);
  return { command, seconds: (performance.now() - started) / 1000, lastLines, piped };
}

export interface FfprobeOptions {
  readonly signal?: AbortSignal | undefined;
  readonly timeoutMs?: number | undefined;
  /** Milliseconds without reading anything before it is killed. */
  readonly stallMs?: number | undefined;
}

/** Runs ffprobe and returns its standard output. Throws 'ffprobe/failed', 'ffmpeg/missing' or 'job/cancelled'. */
export async function runFfprobe(
  toolchain: Toolchain,
  args: readonly string[],
  options: FfprobeOptions = {},
): Promise<string> {
  const manner = mannerOf(toolchain, false);
  const pace = await paceOf(manner);
  const command = [...(await launcherWords(manner)), toolchain.ffprobe, '-hide_banner', '-v', 'error', ...args];
  const [program = '', ...words] = command;
  const kill = new AbortController();
  const signals = options.signal === undefined ? [kill.signal] : [kill.signal, options.signal];
  const execa = await loadExeca();
  const child = execa(program, words, {
    reject: false,
    stdin: 'ignore',
    maxBuffer: 1 << 30,
    killSignal: 'SIGKILL',
    env: ENVIRONMENT,
    timeout: options.timeoutMs ?? 0,
    cancelSignal: AbortSignal.any(signals),
  });
  // It says nothing on its way, but whoever counts packets reads on.
  const { pid } = child;
  const stallMs = options.stallMs ?? DEFAULT_STALL_MS;
  const watch = watchStall({ stallMs, pid, pace, look: () => bytesRead(pid), onStall: () => kill.abort() });
  const leave = pace?.take((signal) => child.kill(signal));
  const result = await child;
  leave?.();
  watch.stop();
  if (options.signal?.aborted) throw new ProxyfsError('job/cancelled', 'probing was cancelled');
  if (result.exitCode === 0) return result.stdout;
  const lastLines = tellingLines(result.stderr);
  if (isNotStarted(result)) throw notStarted(toolchain.ffprobe, result, lastLines);
  const late = result.timedOut ? options.timeoutMs : kill.signal.aborted ? stallMs : undefined;
  const said = late === undefined ? (lastLines.at(-1) ?? endOf(result)) : `no answer within ${late} ms`;
  throw new ProxyfsError('ffprobe/failed', `ffprobe cannot read it: ${said}`, {
    details: { exitCode: result.exitCode, signal: result.signal, isLate: late !== undefined, lastLines, command },
  });
}

/** A pipe that breaks off is that of a program that broke off, which is told by how it ended. */
async function readAll(stream: unknown): Promise<Buffer> {
  invariant(stream instanceof Readable, 'a pipe of a program can be read');
  const pieces: Buffer[] = [];
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  await finished(stream).catch(() => undefined);
  return Buffer.concat(pieces);
}

function mannerOf(toolchain: Toolchain, polite: boolean): Manner {
  return toolchain.manner ?? { priority: polite ? 'low' : 'normal' };
}

/** Only what dies with this process is ever stopped. */
async function paceOf({ pace }: Manner): Promise<Pace | undefined> {
  return pace !== undefined && (await isMortal()) ? pace : undefined;
}

function followProgress(stdout: NodeJS.ReadableStream, options: RunOptions, watch: StallWatch): void {
  const parser = createProgressParser();
  let mark = '';
  stdout.setEncoding('utf8').on('data', (text: string) => {
    for (const progress of parser.push(text)) {
      // FFmpeg repeats its last figures while it hangs: only new ones count as progress.
      const now = `${progress.frame}/${progress.outTimeUs}/${progress.done}`;
      if (now !== mark) watch.moved();
      mark = now;
      options.onProgress?.(progress);
    }
  });
}

interface Ended {
  readonly exitCode?: number | undefined;
  readonly signal?: string | undefined;
  readonly isTerminated?: boolean | undefined;
  readonly originalMessage?: string | undefined;
  readonly shortMessage?: string | undefined;
}

function endOf(ended: Ended): string {
  if (ended.exitCode !== undefined) return `exit code ${ended.exitCode}`;
  return ended.signal === undefined ? (ended.shortMessage ?? 'it did not start') : `killed by ${ended.signal}`;
}

/** What those who start programs (the launcher, the loader of libraries) exit with when they cannot; FFmpeg never does. */
const CANNOT_START = [126, 127];

/** Says nothing about the file: the program was taken away, is being replaced, or lacks a library. */
function isNotStarted({ exitCode, isTerminated }: Ended): boolean {
  return exitCode === undefined ? isTerminated === false : CANNOT_START.includes(exitCode);
}

function notStarted(program: string, { originalMessage }: Ended, lastLines: readonly string[]): ProxyfsError {
  const said = lastLines.at(-1) ?? originalMessage ?? 'it is not there';
  const message = `${program} cannot be started (${said}): install it again, or mount with another --ffmpeg`;
  return new ProxyfsError('ffmpeg/missing', message, { details: { lastLines } });
}

function failed(ended: Ended, command: readonly string[], lastLines: readonly string[]): ProxyfsError {
  const said = lastLines.at(-1) ?? 'it said nothing';
  return new ProxyfsError('ffmpeg/failed', `ffmpeg failed (${endOf(ended)}): ${said}`, {
    details: { exitCode: ended.exitCode, signal: ended.signal, lastLines, command },
  });
}

function stalled(stallMs: number, command: readonly string[], lastLines: readonly string[]): ProxyfsError {
  const said = lastLines.at(-1) ?? 'it said nothing';
  return new ProxyfsError('ffmpeg/stalled', `ffmpeg made no progress for ${stallMs / 1000} s and was killed: ${said}`, {
    details: { lastLines, command },
  });
}
