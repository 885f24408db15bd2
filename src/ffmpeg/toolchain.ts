/** Says what FFmpeg is and can do. Capabilities are asked for, never guessed from a version number. */

import type { RealPath } from '../base/paths.js';
import { type EncoderSet, parseCapabilityList, parseOptionList } from './encoder-set.js';
import type { Manner } from './launcher.js';
import { loadExeca } from './load-execa.js';
import { findPrograms, missingProgram, type ProgramChoice, type Programs } from './programs.js';

export interface Toolchain extends Programs {
  /** `5.1.9-0+deb12u1` */
  readonly version: string;
  /** Version, configuration and library versions: what decides which bytes come out. Part of pool keys. */
  readonly build: string;
  readonly encoders: EncoderSet;
  /** How its programs are run, where somebody has decided it; it has no part in what comes out. */
  readonly manner?: Manner;
}

/** Throws 'ffmpeg/missing' when a program is not there or does not run. */
export async function locateFfmpeg(choice: ProgramChoice = {}): Promise<Toolchain> {
  const { ffmpeg, ffprobe } = await findPrograms(choice);
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

async function output(program: RealPath, args: readonly string[]): Promise<string> {
  const execa = await loadExeca();
  const result = await execa(program, args, { reject: false, stdin: 'ignore', timeout: 20_000 });
  if (result.exitCode === 0) return result.stdout;
  throw missingProgram(`'${program} ${args.join(' ')}' does not run`, result.stderr);
}
