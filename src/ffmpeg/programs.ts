/**
 * Finds the programs of FFmpeg, and tells one from another that took its place.
 *
 * Order: the configured path, FFMPEG_PATH, PATH. ffprobe is the one beside ffmpeg unless configured.
 */

import { access, constants, realpath, stat } from 'node:fs/promises';
import { delimiter, dirname, join, resolve } from 'node:path';
import { errnoOf, ProxyfsError, toProxyfsError } from '../base/error.js';
import { type RealPath, toRealPath } from '../base/paths.js';

export interface Programs {
  readonly ffmpeg: RealPath;
  readonly ffprobe: RealPath;
}

export interface ProgramChoice {
  readonly ffmpegPath?: string | undefined;
  readonly ffprobePath?: string | undefined;
  readonly env?: Readonly<Record<string, string | undefined>>;
}

const WAY_OUT = "install it (Debian, Ubuntu: 'apt-get install ffmpeg') or name it with FFMPEG_PATH";

/** A chosen name that is a link stands for the file it leads to now. Throws 'ffmpeg/missing' when one is not there. */
export async function findPrograms(choice: ProgramChoice): Promise<Programs> {
  const env = choice.env ?? process.env;
  const ffmpeg = await locate('ffmpeg', choice.ffmpegPath ?? env['FFMPEG_PATH'], env['PATH']);
  const ffprobe = await locate('ffprobe', await ffprobeChoice(ffmpeg, choice, env), env['PATH']);
  return { ffmpeg, ffprobe };
}

/** Differs when another file is behind a name of the choice, or before it on PATH. Throws as `findPrograms` does. */
export async function identityOfPrograms(choice: ProgramChoice): Promise<string> {
  const { ffmpeg, ffprobe } = await findPrograms(choice);
  return (await Promise.all([ffmpeg, ffprobe].map(describe))).join(' ');
}

async function describe(program: RealPath): Promise<string> {
  const found = await stat(program, { bigint: true }).catch((error: unknown) => {
    // Taken away just now.
    throw errnoOf(error) === 'ENOENT' ? missingProgram(`'${program}' is gone`) : toProxyfsError(error);
  });
  const { dev, ino, size, mtimeNs, ctimeNs } = found;
  return [program, dev, ino, size, mtimeNs, ctimeNs].join(':');
}

/** A chosen ffmpeg brings its own ffprobe: two versions may disagree about a file. */
async function ffprobeChoice(
  ffmpeg: RealPath,
  options: ProgramChoice,
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
    throw missingProgram(`${name} is not at '${chosen}', which is where it was said to be`);
  }
  for (const directory of (path ?? '').split(delimiter)) {
    const candidate = resolve(directory, name);
    if (directory !== '' && (await isProgram(candidate))) return toRealPath(candidate);
  }
  throw missingProgram(`${name} is not on PATH`);
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

export function missingProgram(what: string, stderr = ''): ProxyfsError {
  return new ProxyfsError('ffmpeg/missing', `${what}; ${WAY_OUT}`, { details: { stderr } });
}
