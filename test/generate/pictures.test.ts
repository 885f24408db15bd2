import { execFile } from 'node:child_process';
import { access, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import type { VirtualPath } from '../../src/base/paths.js';
import { jpegSize } from '../../src/generate/jpeg-size.js';
import { spriteIndex } from '../../src/generate/sprite-index.js';
import { openProject, type ProjectOptions } from '../fixtures/generation.js';
import { type ClipOptions, hasFfmpeg, makeClip } from '../fixtures/media.js';

t.setTimeout(180_000);
const skip = (await hasFfmpeg()) ? false : 'ffmpeg is not installed';
const run = promisify(execFile);

async function projectWith(
  t: Test,
  name: string,
  clip: ClipOptions,
  options: ProjectOptions,
  expected: readonly string[] = ['published'],
) {
  const directory = await mkdtemp(join(tmpdir(), 'proxyfs-pictures-'));
  const project = await openProject(directory, options);
  t.teardown(async () => {
    project.close();
    await rm(directory, { recursive: true, force: true });
  });
  const master = await makeClip(project.source, name, clip);
  await project.prewarm();
  const outcomes = (await project.work()).map(({ outcome }) => outcome.kind);
  t.same(outcomes, expected);
  t.same(project.temporaries(), []);
  const asset = project.catalog.byPath(name as VirtualPath);
  const [variant] = asset === undefined ? [] : project.catalog.variantsOf(asset.id);
  if (variant === undefined) throw new Error('no variant');
  const manifest = await project.pool.find(variant.poolKey);
  const at = (suffix: string) => project.pool.fileOf(variant.poolKey, suffix);
  return { project, master, variant, manifest, at };
}

/** Four pixels of a picture, as FFmpeg shows it: upright. */
async function corners(file: string, seek = '0'): Promise<number[]> {
  const words = ['-v', 'error', '-ss', seek, '-i', file, '-frames:v', '1', '-vf', 'scale=2:2:flags=area,format=rgb24'];
  const { stdout } = await run('ffmpeg', [...words, '-f', 'rawvideo', '-'], { encoding: 'buffer' });
  return [...stdout];
}

t.test(
  'a poster and an indexed sheet come out of the same decode, and the proxy stays as it is',
  { skip },
  async (t) => {
    const clip: ClipOptions = { frames: 230, width: 320, height: 180, rotation: 90, filter: 'setsar=4/3' };
    const { project, master, variant, manifest, at } = await projectWith(t, 'a.mov', clip, { makesPictures: true });
    // 426 by 180 as seen, turned.
    t.same(manifest?.pictures?.poster, { width: 180, height: 426 });
    const sprite = { tileWidth: 68, tileHeight: 160, columns: 10, rows: 8, count: 77, everyFrames: 3 };
    t.match(manifest?.pictures?.sprite, { ...sprite, width: 680, height: 1280 });
    const [poster, sheet] = [await readFile(at('.poster.jpg')), await readFile(at('.sprite.jpg'))];
    t.same(
      [jpegSize(poster), jpegSize(sheet)],
      [
        { width: 180, height: 426 },
        { width: 680, height: 1280 },
      ],
    );
    const [seen, meant] = [await corners(at('.poster.jpg')), await corners(master, String((57 + 0.1) / 25))];
    t.ok(
      seen.every((level, index) => Math.abs(level - (meant[index] ?? 0)) < 8),
      `upright, in the right colours: ${seen} and ${meant}`,
    );
    const index = await readFile(at('.sprite.vtt'), 'utf8');
    const cues = index.split('\n\n').slice(1);
    t.equal(cues.length, 77);
    t.match(cues[0], /^00:00:00\.000 --> 00:00:00\.120\n[0-9a-f]{64}\.sprite\.jpg#xywh=0,0,68,160/);
    t.match(cues[76], /--> 00:00:09\.200\n.*#xywh=408,1120,68,160/, 'to the end of the clip');
    const without = await projectWith(t, 'a.mov', clip, {});
    t.equal(manifest?.output.blake3, without.manifest?.output.blake3, 'the same proxy');
    t.equal(without.manifest?.pictures, undefined);
    await project.pool.remove(variant.poolKey);
    await project.prewarm();
    await project.work();
    t.ok(
      poster.equals(await readFile(at('.poster.jpg'))) && sheet.equals(await readFile(at('.sprite.jpg'))),
      'same bytes',
    );
    await project.pool.remove(variant.poolKey);
    for (const suffix of ['.poster.jpg', '.sprite.jpg', '.sprite.vtt']) await t.rejects(access(at(suffix)));
  },
);

t.test('short clips, fields and sound do not stand in the way', { skip }, async (t) => {
  for (const [name, clip] of [
    ['short.mp4', { frames: 3 }],
    ['fields.mxf', { frames: 12, width: 640, height: 480, fields: 'tff' }],
  ] as const) {
    const { manifest, at } = await projectWith(t, name, clip, { makesPictures: true });
    t.equal(manifest?.pictures?.sprite.count, clip.frames, name);
    t.ok(jpegSize(await readFile(at('.poster.jpg'))), name);
  }
});

t.test('of a clip of variable rate each cue lasts as long as its frames', { skip }, async (t) => {
  const clip = {
    ...{ width: 128, height: 72, frames: 25, filter: "select='not(between(n,4,13))'", extra: ['-vsync', 'vfr'] },
    video: ['-c:v', 'libx264', '-pix_fmt', 'yuv420p'],
  };
  const { at } = await projectWith(t, 'gap.mp4', clip, { makesPictures: true });
  const cues = (await readFile(at('.sprite.vtt'), 'utf8')).match(/\S+ --> \S+/g) ?? [];
  t.equal(cues.length, 15);
  t.same(cues.slice(2, 5), [
    '00:00:00.080 --> 00:00:00.120',
    '00:00:00.120 --> 00:00:00.560',
    '00:00:00.560 --> 00:00:00.600',
  ]);
  t.equal(cues.at(-1), '00:00:00.960 --> 00:00:01.000', 'the last ends with the clip');
});

t.test('an FFmpeg that cannot make pictures makes proxies', { skip }, async (t) => {
  const { manifest } = await projectWith(t, 'a.mov', { frames: 6 }, { makesPictures: true, lie: 'no-pictures' });
  t.equal(manifest?.pictures, undefined);
});

t.test('an encoder that was killed or hung once costs no pictures', { skip }, async (t) => {
  for (const lie of ['killed-once', 'hangs-once'] as const) {
    const options = { makesPictures: true, lie, stallMs: 3000 };
    const { manifest } = await projectWith(t, 'a.mov', { frames: 6 }, options, ['retry', 'published']);
    t.equal(manifest?.pictures?.sprite.count, 6, lie);
  }
});

t.test('an index has no gaps and ends with the clip, and half a JPEG is none', async (t) => {
  const layout = { tile: { width: 160, height: 90 }, columns: 2, rows: 2, count: 3, everyFrames: 1800, frames: 5000 };
  const text = spriteIndex({ ...layout, seconds: 5005 }, 'x.jpg');
  t.same(text.match(/\S+ --> \S+/g), [
    '00:00:00.000 --> 00:30:01.800',
    '00:30:01.800 --> 01:00:03.600',
    '01:00:03.600 --> 01:23:25.000',
  ]);
  t.equal(jpegSize(Buffer.from([0xff, 0xd8, 0xff, 0xe0, 0, 4, 0, 0])), undefined);
  t.equal(jpegSize(Buffer.alloc(0)), undefined);
});
