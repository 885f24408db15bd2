/** Measures what a profile makes of a made clip: size, time to make, time to decode. */

import { mkdtemp, rm, stat } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { extensionOf } from '../../src/base/media-extension.js';
import type { RealPath } from '../../src/base/paths.js';
import { runFfmpeg } from '../../src/ffmpeg/run.js';
import { locateFfmpeg, type Toolchain } from '../../src/ffmpeg/toolchain.js';
import { probeMedia } from '../../src/probe/probe.js';
import { ffmpegArguments } from '../../src/profiles/command.js';
import type { Profile } from '../../src/profiles/profile.js';
import { listProfiles } from '../../src/profiles/profiles.js';
import { resolveRecipe } from '../../src/profiles/resolve.js';

export interface Row {
  readonly profile: string;
  readonly master: string;
  readonly picture: string;
  /** Megabits a second. */
  readonly mbits: number;
  /** Frames a second. */
  readonly makes: number;
  readonly decodes: number;
}

export interface Measured {
  readonly clip: string;
  readonly machine: string;
  readonly ffmpeg: string;
  readonly masters: readonly {
    readonly name: string;
    readonly codec: string;
    readonly mbits: number;
    readonly decodes: number;
  }[];
  readonly rows: readonly Row[];
}

const SECONDS = 4;
const RATE = 25;
const FRAMES = SECONDS * RATE;

/** Grain on a moving pattern: neither as easy as a graphic nor as hard as film. */
const PATTERN = `testsrc2=size=1920x1080:rate=${RATE},noise=alls=12:allf=t,trim=end_frame=${FRAMES}`;
const SOUND = `sine=sample_rate=48000,aformat=channel_layouts=stereo,atrim=end_sample=${SECONDS * 48_000}`;

const MASTERS: readonly (readonly [name: string, codec: string, words: readonly string[]])[] = [
  [
    'master.mov',
    'ProRes 422 HQ',
    ['-c:v', 'prores', '-profile:v', '3', '-pix_fmt', 'yuv422p10le', '-c:a', 'pcm_s24le'],
  ],
  [
    'master.mp4',
    'H.264 long GOP',
    ['-c:v', 'libx264', '-preset', 'fast', '-b:v', '50M', '-pix_fmt', 'yuv420p', '-c:a', 'aac'],
  ],
  ['master.mxf', 'MPEG-2 4:2:2', ['-c:v', 'mpeg2video', '-b:v', '50M', '-pix_fmt', 'yuv422p', '-c:a', 'pcm_s24le']],
];

export async function measure(say: (line: string) => void): Promise<Measured> {
  const toolchain = await locateFfmpeg();
  const directory = await mkdtemp(join(tmpdir(), 'proxyfs-profiles-'));
  try {
    const masters = [];
    const rows: Row[] = [];
    for (const [name, codec, words] of MASTERS) {
      const file = join(directory, name) as RealPath;
      const inputs = ['-f', 'lavfi', '-i', PATTERN, '-f', 'lavfi', '-i', SOUND];
      const tags = ['-color_range', 'tv', '-colorspace', 'bt709', '-color_primaries', 'bt709', '-color_trc', 'bt709'];
      await runFfmpeg(toolchain, [...inputs, ...words, ...tags, '-y', file], { polite: false });
      masters.push({ name, codec, mbits: await mbitsOf(file), decodes: await decodeRate(toolchain, file) });
      for (const profile of listProfiles().filter((each) => isMeasured(each, name))) {
        say(`${profile.name} of ${name}`);
        rows.push(await measureOne(toolchain, profile, file, name));
      }
    }
    const machine = `${availableParallelism()} cores of ${cpus()[0]?.model ?? 'an unknown processor'}`;
    const clip = `1920x1080, ${RATE} frames a second, ${SECONDS} s, moving pattern with grain, stereo`;
    return { clip, machine, ffmpeg: toolchain.version, masters, rows };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Sets with every master, formats with one. */
function isMeasured({ engine, kind }: Profile, master: string): boolean {
  return engine === 'ffmpeg' && (kind === 'set' || master === 'master.mov');
}

async function measureOne(toolchain: Toolchain, profile: Profile, master: RealPath, name: string): Promise<Row> {
  const media = await probeMedia(toolchain, master);
  const result = resolveRecipe(profile.name, { media, extension: extensionOf(name), encoders: toolchain.encoders });
  if (result.kind !== 'recipe') throw new Error(`${profile.name} of ${name}: ${result.reason}`);
  const { recipe } = result;
  const output = `${master}.${profile.name}${recipe.extension}` as RealPath;
  const { seconds } = await runFfmpeg(toolchain, ffmpegArguments(recipe, master, output), { polite: false });
  const { width, height } = recipe.expect;
  return {
    ...{ profile: profile.name, master: name, picture: `${width}x${height}` },
    mbits: await mbitsOf(output),
    makes: Math.round(FRAMES / seconds),
    decodes: await decodeRate(toolchain, output),
  };
}

async function mbitsOf(file: RealPath): Promise<number> {
  return Math.round(((await stat(file)).size * 8) / SECONDS / 100_000) / 10;
}

/** One thread, as an editor has many tracks to play at once. */
async function decodeRate(toolchain: Toolchain, file: RealPath): Promise<number> {
  const words = ['-threads', '1', '-i', file, '-map', '0:v:0', '-f', 'null', '-'];
  const { seconds } = await runFfmpeg(toolchain, words, { polite: false });
  return Math.round(FRAMES / seconds);
}
