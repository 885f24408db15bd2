/**
 * Finds FFmpeg and says what it is and can do.
 *
 * Order: the configured path, FFMPEG_PATH, PATH. Capabilities are asked for, never
 * guessed from a version number. ffprobe is the one beside ffmpeg unless configured.
 */

import { access, constants, realpath, stat } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';
import { ProxyfsError } from '../base/error.js';
import { type RealPath, toRealPath } from '../base/paths.js';
import { type EncoderSet, parseCapabilityList, parseOptionList } from './encoder-set.js';
import type { Manner } from './launcher.js';
import { loadExeca } from './load-execa.js';

export interface Toolchain {
  readonly ffmpeg: RealPath;
  readonly ffprobe: RealPath;
  /** `5.1.9-0+deb12u1` */
  readonly version: string;
  /** Version, configuration and library versions: what decides which bytes come out. Part of pool keys. */
  readonly build: string;
  readonly encoders: EncoderSet;
  /** How its programs are run, where somebody has decided it; it has no part in what comes out. */
  readonly manner?: Manner;
}

export interface ToolchainOptions {
  readonly ffmpegPath?: string | undefined;
  readonly ffprobePath?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const WAY_OUT = "install it (Debian, Ubuntu: 'apt-get install ffmpeg') or name it with FFMPEG_PATH";

/** Throws 'ffmpeg/missing' when a program is not there or does not run. */
export async function locateFfmpeg(choice: ToolchainOptions = {}): Promise<Toolchain> {
  const env = choice.env ?? process.env;
  const ffmpeg = await locate('ffmpeg', choice.ffmpegPath ?? env['FFMPEG_PATH'], env['PATH']);
  const ffprobe = await locate('ffprobe', await ffprobeChoice(ffmpeg, choice, env), env['PATH']);
  const [banner, encoders, muxers, filters, options] = await Promise.all([
    output(ffmpeg, ['-version']),
    output(ffmpeg, ['-hide_banner', '-encoders']),
    output(ffmpeg, ['-hide_banner', '-muxers']),
    output(ffmpeg, ['-hide_banner', '-filters']),
    output(ffmpeg, ['-hide_banner', '-h', 'long']),
    output(ffprobe, ['-version']),
  ]);
  return {
    ffmpeg,
    ffprobe,
    version: /^ffmpeg version (\S+)/.exec(banner)?.[1] ?? 'unknown',
    build: banner.trim(),
    encoders: {
      encoders: parseCapabilityList(encoders),
      muxers: parseCapabilityList(muxers),
      filters: parseCapabilityList(filters),
      options: parseOptionList(options),
    },
  };
}

/** A chosen ffmpeg brings its own ffprobe: two versions may disagree about a file. */
async function ffprobeChoice(
  ffmpeg: RealPath,
  options: ToolchainOptions,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const named = options.ffprobePath ?? env['FFPROBE_PATH'];
  if (named !== undefined) return named;
  const beside = join(dirname(ffmpeg), 'ffprobe');
  return (await isProgram(beside)) ? beside : undefined;
}

async function locate(name: string, chosen: string | undefined, path: string | undefined): Promise<RealPath> {
  if (chosen !== undefined && chosen !== '') {
    if (await isProgram(resolve(chosen))) return toRealPath(await realpath(resolve(chosen)));
    throw missing(`${name} is not at '${chosen}', which is where it was said to be`);
  }
  for (const directory of (path ?? '').split(delimiter)) {
    const candidate = resolve(directory, name);
    if (directory !== '' && (await isProgram(candidate))) return toRealPath(candidate);
  }
  throw missing(`${name} is not on PATH`);
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

async function output(program: RealPath, args: readonly string[]): Promise<string> {
  const execa = await loadExeca();
  const result = await execa(program, args, { reject: false, stdin: 'ignore', timeout: 20_000 });
  if (result.exitCode === 0) return result.stdout;
  throw missing(`'${program} ${args.join(' ')}' does not run`, result.stderr);
}

function missing(what: string, stderr = ''): ProxyfsError {
  return new ProxyfsError('ffmpeg/missing', `${what}; ${WAY_OUT}`, { details: { stderr } });
}
