/** MLT, the engine of Kdenlive and Shotcut: how it takes a clip, and every frame that it shows. */

import { execFile } from 'node:child_process';
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const [WIDTH, HEIGHT] = [64, 36];
const PICTURE = WIDTH * HEIGHT * 3;
/** Mean difference of samples, of 255: what a light codec loses of a small picture stays far below. */
const TOLERANCE = 6;
/** For a clip of a few seconds; longer ones are no matter for this judge. */
const PATIENCE_MS = 60_000;
const OPTIONS = { env: { ...process.env, QT_QPA_PLATFORM: 'offscreen' }, maxBuffer: 1 << 26 };

export interface MeltProfile {
  readonly length: string | undefined;
  readonly profile: Readonly<Record<string, string>>;
}

export async function meltProfile(file: string): Promise<MeltProfile> {
  const { stdout } = await run('melt', ['-silent', `avformat:${file}`, '-consumer', 'xml'], OPTIONS);
  const words = /<profile ([^>]*)\/>/.exec(stdout)?.[1] ?? '';
  const profile = Object.fromEntries(
    Array.from(words.matchAll(/(\w+)="([^"]*)"/g), ([, name, value]) => [name, value]),
  );
  return { length: /name="length">([^<]*)</.exec(stdout)?.[1], profile };
}

/** Frame by frame, each also with the neighbours of its master: a shift by one frame is a difference. */
export async function comparePictures(master: string, proxy: string, directory: string): Promise<readonly string[]> {
  const { profile } = await meltProfile(master);
  const shown = async (file: string) => {
    const pictures = await picturesOf(file, profile, directory);
    // On a busy machine melt may end before its first frame, or miss its own end and wait for ever.
    return pictures.length > 0 ? pictures : await picturesOf(file, profile, directory);
  };
  const [wanted, found] = [await shown(master), await shown(proxy)];
  if (wanted.length === 0) return ['melt shows no frame of the master'];
  if (wanted.length !== found.length)
    return [`melt shows ${wanted.length} frames of the master, ${found.length} of the proxy`];
  const wrong = found.flatMap((picture, index) => whatIsWrong(picture, wanted, index) ?? []);
  return wrong.length <= 3 ? wrong : [...wrong.slice(0, 3), `and ${wrong.length - 3} frames more`];
}

function whatIsWrong(picture: Buffer, wanted: readonly Buffer[], index: number): string | undefined {
  const distance = (at: number) => {
    const other = wanted[at];
    return other === undefined ? Number.POSITIVE_INFINITY : difference(picture, other);
  };
  const own = distance(index);
  if (own > TOLERANCE) return `melt, frame ${index}: samples differ by ${own.toFixed(1)} of 255`;
  const neighbour = [index - 1, index + 1].find((at) => distance(at) + 0.5 < own);
  return neighbour === undefined ? undefined : `melt, frame ${index}: is frame ${neighbour} of the master`;
}

function difference(a: Buffer, b: Buffer): number {
  let sum = 0;
  for (let at = 0; at < PICTURE; at += 1) sum += Math.abs((a[at] ?? 0) - (b[at] ?? 0));
  return sum / PICTURE;
}

/** Small pictures at the clip's own rate; both clips are shown by the profile of the master. */
async function picturesOf(file: string, master: MeltProfile['profile'], directory: string): Promise<readonly Buffer[]> {
  const [profile, raw] = [join(directory, 'melt-profile'), join(directory, 'melt.raw')];
  const shape = {
    width: WIDTH,
    height: HEIGHT,
    sample_aspect_num: 1,
    sample_aspect_den: 1,
    display_aspect_num: 16,
    display_aspect_den: 9,
  };
  const all = { description: 'judge', ...master, ...shape, progressive: 1 };
  await writeFile(
    profile,
    Object.entries(all)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  );
  const consumer = [`avformat:${raw}`, 'f=rawvideo', 'vcodec=rawvideo', 'pix_fmt=rgb24', 'an=1', 'real_time=-1'];
  const words = ['-silent', '-profile', profile, `avformat:${file}`, '-consumer', ...consumer];
  const { killed } = await run('melt', words, { ...OPTIONS, timeout: PATIENCE_MS, killSignal: 'SIGKILL' }).then(
    () => ({ killed: false }),
    (error: { readonly killed?: boolean }) => {
      if (error.killed !== true) throw error;
      return { killed: true };
    },
  );
  const bytes = killed ? Buffer.alloc(0) : await readFile(raw);
  await rm(raw, { force: true });
  return Array.from({ length: Math.floor(bytes.length / PICTURE) }, (_, at) =>
    bytes.subarray(at * PICTURE, (at + 1) * PICTURE),
  );
}
