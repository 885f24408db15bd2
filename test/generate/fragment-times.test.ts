import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import t from 'tap';
import type { PoolKey } from '../../src/base/ids.js';
import type { RealPath } from '../../src/base/paths.js';
import { runFfmpeg } from '../../src/ffmpeg/run.js';
import { locateFfmpeg } from '../../src/ffmpeg/toolchain.js';
import { finishProxy } from '../../src/generate/finish.js';
import { probeMedia } from '../../src/probe/probe.js';
import { ffmpegArguments } from '../../src/profiles/command.js';
import { resolveRecipe } from '../../src/profiles/resolve.js';
import { describeRejection } from '../../src/validate/report.js';
import { validateProxy } from '../../src/validate/validate.js';
import { hasFfmpeg, makeClip } from '../fixtures/media.js';

const skip = (await hasFfmpeg()) ? false : 'FFmpeg is not installed';

t.setTimeout(180_000);

const KEY = 'ab'.repeat(32) as PoolKey;

t.test('a copied sound is as long as the fragments of its master say, to the sample', { skip }, async (t) => {
  const toolchain = await locateFfmpeg();
  const directory = t.testdir();
  for (const [name, sampleRate] of [
    ['fragments.mp4', 48_000],
    ['fragments44.mp4', 44_100],
    ['fragments.mov', 48_000],
  ] as const) {
    const video = ['-c:v', 'libx264', '-g', '15', '-bf', '2', '-pix_fmt', 'yuv420p'];
    const extra = ['-movflags', 'frag_keyframe+empty_moov'];
    const audio = [{ codec: 'aac', sampleRate }];
    const clip = { width: 128, height: 72, rate: '30000/1001', frames: 60 };
    const master = await makeClip(directory, name, { ...clip, video, audio, extra });
    const media = await probeMedia(toolchain, master);
    const result = resolveRecipe('edit', { media, extension: extname(name), encoders: toolchain.encoders });
    if (result.kind !== 'recipe') throw new Error(result.reason);
    const { recipe } = result;
    const proxy = `${master}.proxy${extname(name)}` as RealPath;
    await runFfmpeg(toolchain, ffmpegArguments(recipe, master, proxy), { polite: false });
    // The middle frame begins a fragment: FFmpeg seeks past the one before it.
    const pictures = { masterFile: master, samples: 3 };
    const check = async () =>
      describeRejection(await validateProxy(toolchain, { master: media, proxyFile: proxy, recipe, pictures }));
    t.match(await check(), /audio 0 duration: expected 2\.\d+ s, found 2\.\d+ s/, name);
    await finishProxy(proxy, { master, media, recipe, poolKey: KEY });
    t.equal(await check(), '', name);
    const [wanted, found] = [media, await probeMedia(toolchain, proxy)].map(
      ({ streams }) => streams.find(({ kind }) => kind === 'audio')?.duration,
    );
    const difference = Number(wanted?.num) / Number(wanted?.den) - Number(found?.num) / Number(found?.den);
    t.ok(Math.abs(difference) < 0.5 / sampleRate, `${name}: ${difference} s`);
    t.equal(pictureLength(await readFile(proxy)), 2002, `${name}: the pause before the picture is no part of it`);
  }
});

/** What the header of the first track states, in milliseconds. */
function pictureLength(file: Buffer): number {
  const header = file.indexOf('tkhd', 0, 'latin1') + 4;
  const movie = file.indexOf('mvhd', 0, 'latin1') + 4;
  return (1000 * file.readUInt32BE(header + 20)) / file.readUInt32BE(movie + 12);
}
