import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { RealPath } from '../../src/base/paths.js';
import { runFfprobe } from '../../src/ffmpeg/run.js';
import { locateFfmpeg, type Toolchain } from '../../src/ffmpeg/toolchain.js';
import { probeMedia } from '../../src/probe/probe.js';
import { resolveRecipe } from '../../src/profiles/resolve.js';
import { rational } from '../../src/time/rational.js';
import { decodeChecks } from '../../src/validate/decode.js';
import { placesAtRate } from '../../src/validate/frame-places.js';
import { validateProxy } from '../../src/validate/validate.js';
import { hasFfmpeg, makeClip } from '../fixtures/media.js';

const skip = (await hasFfmpeg()) ? false : 'FFmpeg is not installed';

t.setTimeout(120_000);

const H264_KEY_FRAMES = ['-c:v', 'libx264', '-g', '1', '-bf', '0', '-pix_fmt', 'yuv420p'];

t.test('only the frame that is damaged is named', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  const directory = t.testdir();
  const places = placesAtRate(24, rational(25), rational(0));
  for (const [name, video] of [
    ['clip.mov', undefined],
    ['clip.mp4', H264_KEY_FRAMES],
  ] as const) {
    const clip = await makeClip(directory, name, { audio: [], ...(video === undefined ? {} : { video }) });
    const faults = async (file: RealPath) =>
      (await decodeChecks(toolchain, { file, places })).filter(({ ok }) => !ok).map(({ field }) => field);
    t.same(await faults(clip), [], name);
    for (const [frame, place] of [
      [0, 'first'],
      [12, 'middle'],
      [23, 'last'],
    ] as const) {
      const damaged = join(directory, `damaged ${name}`) as RealPath;
      await writeFile(damaged, await withoutFrame(toolchain, clip, frame));
      t.same(await faults(damaged), [`video decodes the ${place} frame`], `${name}: frame ${frame}`);
    }
  }
});

/** Its bytes, but those of one frame, from its middle on. */
async function withoutFrame(toolchain: Toolchain, clip: RealPath, frame: number): Promise<Buffer> {
  const entries = ['-select_streams', 'v:0', '-show_entries', 'packet=size,pos', '-of', 'csv=p=0'];
  const line = (await runFfprobe(toolchain, [...entries, clip])).trim().split('\n')[frame] ?? '';
  const [size = 0, position = 0] = line.split(',').map(Number);
  return (await readFile(clip)).fill(0xff, position + Math.floor(size / 2), position + size);
}

t.test('a file that cannot be read is refused for that, whatever became of its early decoding', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  const directory = t.testdir();
  const master = await makeClip(directory, 'master.mov', { frames: 10 });
  const media = await probeMedia(toolchain, master);
  const result = resolveRecipe('edit', { media, extension: '.mov', encoders: toolchain.encoders });
  if (result.kind !== 'recipe') throw new Error(result.reason);
  const input = { master: media, proxyFile: master, recipe: result.recipe };
  const program = async (name: string, script: string) => {
    const path = join(directory, name) as RealPath;
    await writeFile(path, `#!/bin/sh\n${script}\n`, { mode: 0o755 });
    return path;
  };
  const ffmpeg = await program('ffmpeg-crashes', 'kill -SEGV $$');
  const ffprobe = await program('ffprobe-refuses', 'sleep 1; echo "Invalid data found" >&2; exit 1');
  await t.rejects(validateProxy({ ...toolchain, ffmpeg, ffprobe }, input), {
    code: 'ffprobe/failed',
    message: /Invalid data found/,
  });
  // The other way round: of a file that can be read, the crash is the reason.
  await t.rejects(validateProxy({ ...toolchain, ffmpeg }, input), { code: 'ffmpeg/failed', message: /SIGSEGV/ });
});
