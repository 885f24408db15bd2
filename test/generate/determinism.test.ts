import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { PoolKey } from '../../src/base/ids.js';
import { extensionOf } from '../../src/base/media-extension.js';
import type { RealPath } from '../../src/base/paths.js';
import { runFfmpeg } from '../../src/ffmpeg/run.js';
import { locateFfmpeg } from '../../src/ffmpeg/toolchain.js';
import { stampMxfIdentity } from '../../src/generate/mxf-identity.js';
import { probeMedia } from '../../src/probe/probe.js';
import { ffmpegArguments } from '../../src/profiles/command.js';
import type { Recipe } from '../../src/profiles/recipe.js';
import { resolveRecipe } from '../../src/profiles/resolve.js';
import { validateProxy } from '../../src/validate/validate.js';
import { type ClipOptions, hasFfmpeg, makeClip } from '../fixtures/media.js';

t.setTimeout(180_000);
const skip = (await hasFfmpeg()) ? {} : { skip: 'ffmpeg is not installed' };

const directory = (await mkdtemp(join(tmpdir(), 'proxyfs-determinism-'))) as RealPath;
t.teardown(() => rm(directory, { recursive: true, force: true }));

const KEY = 'a1'.repeat(32) as PoolKey;
const PROGRESSIVE: ClipOptions = { frames: 10, width: 640, height: 360, timecode: '01:00:00:00' };
const INTERLACED: ClipOptions = { frames: 10, width: 640, height: 480, fields: 'tff' };

/** Every codec in every container that a profile makes with FFmpeg. */
const CASES: readonly (readonly [profile: string, clip: string, options: ClipOptions])[] = [
  ['edit', 'progressive.mov', PROGRESSIVE],
  ['edit', 'progressive.mp4', PROGRESSIVE],
  ['edit', 'progressive.mxf', PROGRESSIVE],
  ['edit', 'interlaced.mov', INTERLACED],
  ['edit', 'interlaced.mp4', INTERLACED],
  ['edit', 'interlaced.mxf', INTERLACED],
  ['edit_dnx', 'progressive.mov', PROGRESSIVE],
  ['light', 'progressive.mov', PROGRESSIVE],
  ['light', 'interlaced.mp4', INTERLACED],
  ['proxy_h264_quarter', 'progressive.mov', PROGRESSIVE],
  ['proxy_prores_lt', 'progressive.mp4', PROGRESSIVE],
  ['proxy_dnxhr_lb', 'progressive.mp4', PROGRESSIVE],
];

t.test('the same master gives the same bytes, whatever the number of threads', skip, async (t) => {
  const toolchain = await locateFfmpeg();
  const masters = new Map<string, RealPath>();
  for (const [, name, options] of CASES) {
    if (!masters.has(name)) masters.set(name, await makeClip(directory, name, options));
  }
  for (const [profile, name] of CASES) {
    const master = masters.get(name) ?? directory;
    const media = await probeMedia(toolchain, master);
    const result = resolveRecipe(profile, { media, extension: extensionOf(name), encoders: toolchain.encoders });
    if (result.kind !== 'recipe') {
      t.fail(`${profile} of ${name}: ${result.reason}`);
      continue;
    }
    const { recipe } = result;
    const make = async (threads: string | undefined): Promise<string> => {
      const output = join(directory, `out-${threads ?? 'default'}${recipe.extension}`) as RealPath;
      const words = withThreads(ffmpegArguments(recipe, master, output), threads);
      await runFfmpeg(toolchain, words, { polite: false });
      if (recipe.muxer === 'mxf') await stampMxfIdentity(output, KEY);
      if (threads === undefined) await checkProxy(output, recipe);
      return createHash('sha256')
        .update(await readFile(output))
        .digest('hex');
    };
    const checkProxy = async (proxyFile: RealPath, made: Recipe) => {
      const report = await validateProxy(toolchain, { master: media, proxyFile, recipe: made });
      t.same(
        report.checks.filter(({ ok }) => !ok),
        [],
        `${profile} of ${name} equals its master`,
      );
    };
    const first = await make(undefined);
    t.equal(await make('1'), first, `${profile} of ${name} with one thread`);
    t.equal(await make('3'), first, `${profile} of ${name} with three`);
  }
});

t.test('an MXF proxy has the identity of its key in every place, and readers see it', skip, async (t) => {
  const toolchain = await locateFfmpeg();
  const master = await makeClip(directory, 'identity.mxf', PROGRESSIVE);
  const media = await probeMedia(toolchain, master);
  const result = resolveRecipe('edit', { media, extension: '.mxf', encoders: toolchain.encoders });
  if (result.kind !== 'recipe') throw new Error(result.reason);
  const make = async (key: string) => {
    const output = join(directory, `identity-${key}.mxf`) as RealPath;
    await runFfmpeg(toolchain, ffmpegArguments(result.recipe, master, output), { polite: false });
    const before = (await readFile(output)).indexOf(`${UMID}${'00'.repeat(18)}`, 'hex');
    t.ok(before > 0, 'FFmpeg leaves the identity open');
    const places = await stampMxfIdentity(output, key.repeat(32) as PoolKey);
    // One in the header for each package and track reference, one with every frame.
    t.ok(places > 10, `${places} places`);
    return {
      output,
      bytes: await readFile(output),
      umid: (await probeMedia(toolchain, output)).tags['material_package_umid'],
    };
  };
  const [one, other] = [await make('0b'), await make('c7')];
  t.equal(
    one.umid,
    `0x${UMID}${'0b'.repeat(18)}00`.replace(/[a-f](?=.*)/g, (letter) => letter.toUpperCase()),
  );
  t.not(one.umid, other.umid);
  t.equal(one.bytes.indexOf(`${UMID}${'00'.repeat(18)}`, 'hex' as BufferEncoding), -1, 'no place is forgotten');
  await t.rejects(stampMxfIdentity(one.output, KEY), { code: 'pool/damaged' }, 'an identity is given once');
  await t.rejects(stampMxfIdentity(await makeClip(directory, 'no.mov', { frames: 2 }), KEY), { code: 'pool/damaged' });
});

const UMID = '060a2b340101010501010d0013';

/** For decoders and encoders. */
function withThreads(words: string[], threads: string | undefined): string[] {
  if (threads === undefined) return words;
  const output = words.lastIndexOf('-y');
  return ['-threads', threads, ...words.slice(0, output), '-threads', threads, ...words.slice(output)];
}
