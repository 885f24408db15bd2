import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { RealPath } from '../../src/base/paths.js';
import { runFfmpeg } from '../../src/ffmpeg/run.js';
import { locateFfmpeg } from '../../src/ffmpeg/toolchain.js';
import { LookStore } from '../../src/looks/look-store.js';
import { parseCube } from '../../src/looks/parse-cube.js';
import { plainCube } from '../../src/looks/plain-cube.js';
import { probeMedia } from '../../src/probe/probe.js';
import { ffmpegArguments } from '../../src/profiles/command.js';
import { resolveRecipe } from '../../src/profiles/resolve.js';
import { describeRejection } from '../../src/validate/report.js';
import { validateProxy } from '../../src/validate/validate.js';
import { hasFfmpeg, makeClip } from '../fixtures/media.js';

t.setTimeout(120_000);
const skip = (await hasFfmpeg()) ? false : 'ffmpeg is not installed';

const LINE = 'LUT_1D_SIZE 2\n0 0 0\n1 1 1\n';
/** Swaps red and blue. */
const SWAP = `TITLE "Swap"\n# a comment\nLUT_3D_SIZE 2\n${['0 0 0', '0 0 1', '0 1 0', '0 1 1', '1 0 0', '1 0 1', '1 1 0', '1 1 1'].join('\n')}\n`;

t.test('tables are read with titles, comments, domains and any line ends', async (t) => {
  t.match(parseCube(SWAP.replaceAll('\n', '\r\n'), 'a'), { kind: '3d', size: 2, title: 'Swap' });
  t.same([...parseCube(SWAP, 'a').values.slice(3, 6)], [0, 0, 1]);
  const wide = parseCube(`DOMAIN_MIN -0.5 0 0\nDOMAIN_MAX 1.5e0 1 2\n${LINE}`, 'a');
  t.same(wide.domain, { min: [-0.5, 0, 0], max: [1.5, 1, 2] });
  t.same(parseCube(`LUT_1D_INPUT_RANGE 0 4\n${LINE}`, 'a').domain.max, [4, 4, 4]);
});

t.test('what is wrong with a table is named with its line', async (t) => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['', /neither LUT_1D_SIZE nor LUT_3D_SIZE/],
    ['LUT_3D_SIZE 2\n0 0 0\n', /it has 1 rows of numbers, and its size asks for 8/],
    [`${LINE}0 0 0\n`, /line 4: there are more than the 2 rows/],
    ['LUT_3D_SIZE 257\n', /line 1: its size is '257', and may be 2 to 256/],
    ['LUT_1D_SIZE 65537\n', /may be 2 to 65536/],
    ['LUT_1D_SIZE 1\n', /may be 2 to/],
    [`LUT_3D_SIZE 2\n${LINE}`, /line 2: it states a size twice/],
    ['LUT_1D_SIZE 2\n0 0 nan\n1 1 1\n', /line 2: '0 0 nan' is not three finite numbers/],
    ['LUT_1D_SIZE 2\n0 0 1e999\n1 1 1\n', /not three finite numbers/],
    ['LUT_1D_SIZE 2\n0 0\n1 1 1\n', /not three finite numbers/],
    ['LUT_1D_SIZE 2\n0 0 0\nTITLE "late"\n1 1 1\n', /line 3: 'TITLE "late"' stands among the numbers/],
    [`DOMAIN_MIN 1 1 1\n${LINE}`, /domain ends before it begins/],
    ['0 0 0\n', /numbers come before LUT_1D_SIZE/],
    ['LUT_2D_SIZE 2\n', /'LUT_2D_SIZE' is no word of the format/],
  ];
  for (const [text, message] of cases) t.throws(() => parseCube(text, 'x.cube'), { code: 'look/invalid', message });
});

t.test('a domain other than 0 to 1 is brought there', async (t) => {
  t.equal(plainCube(parseCube(SWAP, 'a')).shaper, undefined);
  const wide = plainCube(parseCube(`DOMAIN_MIN -1 -1 -1\nDOMAIN_MAX 3 3 3\n${SWAP}`, 'a'));
  t.match(wide.shaper, /^LUT_1D_SIZE 2\n0\.25000000 .*\n0\.50000000 /);
  const narrow = plainCube(parseCube(`DOMAIN_MIN 0.5 0.5 0.5\n${LINE}`, 'a')).table.split('\n');
  t.equal(narrow.length, 65_538);
  t.same([narrow[1], narrow[65_536]], ['0.00000000 0.00000000 0.00000000', '1.00000000 1.00000000 1.00000000']);
  t.match(narrow[1 + Math.round(0.75 * 65_535)], /^0\.4999|^0\.5000/);
});

t.test('looks are kept by name, their hash is of what they do, and a damaged one is left out', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'proxyfs-looks-'));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  const file = join(dir, "odd, name's [1].cube");
  await writeFile(file, SWAP);
  const store = await LookStore.open(join(dir, 'state'), (name) => t.fail(name));
  t.match(await store.add(file, { output: 'bt709' }), { name: 'odd-name-s-1-', kind: '3d', size: 2 });
  await writeFile(file, SWAP.replace('Swap', 'Another title').replaceAll('1', '1.0').replace('SIZE 2', 'SIZE 2 '));
  const same = await store.add(file, { name: 'same', output: 'bt709' });
  t.equal(same.hash, store.get('odd-name-s-1-')?.hash);
  t.not((await store.add(file, { name: 'other', output: 'hlg' })).hash, same.hash, 'another meaning is another look');
  await t.rejects(store.add(join(dir, 'none.cube'), { output: 'bt709' }), { code: 'look/invalid' });
  await t.rejects(store.add(file, { name: '../x', output: 'bt709' }), { code: 'look/invalid' });
  await writeFile(join(dir, 'state', 'other.cube'), 'nonsense');
  const damaged: string[] = [];
  const again = await LookStore.open(join(dir, 'state'), (name) => damaged.push(name));
  t.same(damaged, ['other']);
  t.same(
    again.list(),
    store.list().filter(({ name }) => name !== 'other'),
  );
});

t.test('a look is applied in the right matrix and range, is tagged, and is deterministic', { skip }, async (t) => {
  // A name that FFmpeg's filters would take apart.
  const dir = await mkdtemp(join(tmpdir(), "proxyfs-look, it's [a]:b;-"));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  await writeFile(join(dir, 'swap.cube'), SWAP);
  const store = await LookStore.open(join(dir, 'state'), (name) => t.fail(name));
  await store.add(join(dir, 'swap.cube'), { output: 'bt709' });
  await writeFile(join(dir, 'narrow.cube'), `DOMAIN_MIN 0 0 0\nDOMAIN_MAX 2 2 2\n${SWAP}`);
  await store.add(join(dir, 'narrow.cube'), { output: 'bt709' });
  const toolchain = await locateFfmpeg();
  // SD with BT.601 colours, of which the look makes BT.709.
  const tags = 'colorspace=smpte170m:color_primaries=smpte170m:color_trc=smpte170m';
  const filter = `drawbox=color=0xC04020:t=fill,scale=out_color_matrix=bt601:out_range=limited,setparams=${tags}`;
  const clip = { width: 640, height: 480, frames: 6, filter, pixelFormat: 'yuv422p10le', audio: [] };
  const master = await makeClip(dir, 'red.mov', clip);
  const media = await probeMedia(toolchain, master, { count: true });
  const recipeOf = (profile: string) => {
    const result = resolveRecipe(profile, { media, extension: '.mov', encoders: toolchain.encoders, looks: store });
    if (result.kind === 'refused') throw new Error(result.reason);
    return result.recipe;
  };
  const [recipe, plain] = [recipeOf('edit+swap'), recipeOf('edit')];
  t.not(recipe.hash, plain.hash);
  const elsewhere = { ...store.get('swap')!, table: '/else/where.cube' as RealPath };
  const moved = resolveRecipe('edit+swap', {
    ...{ media, extension: '.mov', encoders: toolchain.encoders },
    looks: { get: () => elsewhere, list: () => [elsewhere] },
  });
  t.equal(moved.kind === 'recipe' && moved.recipe.hash, recipe.hash, 'the place of the table is no part of it');
  const make = async (name: string, from = recipe, threads: string[] = []) => {
    const proxyFile = join(dir, name) as RealPath;
    await runFfmpeg(toolchain, [...threads, ...ffmpegArguments(from, master, proxyFile)], { polite: false });
    return proxyFile;
  };
  const proxyFile = await make('out.mov');
  const pictures = { masterFile: master, samples: 2 };
  const report = await validateProxy(toolchain, { master: media, proxyFile, recipe, pictures });
  t.equal(describeRejection(report), '', 'tags and pictures are those of the look');
  t.match(
    report.checks.find(({ field }) => field === 'video color matrix'),
    { expected: 'bt709', found: 'bt709' },
  );
  t.same(await colorOf(proxyFile), [0x20, 0x40, 0xc0], 'red and blue changed places');
  // Of the domain 0 to 2 the picture fills the lower half.
  t.same(await colorOf(await make('narrow.mov', recipeOf('edit+narrow'))), [0x10, 0x20, 0x60]);
  const bytes = await readFile(proxyFile);
  t.ok(
    bytes.equals(await readFile(await make('again.mov', recipe, ['-filter_threads', '1']))),
    'any number of threads',
  );
  const without = await make('plain.mov', plain);
  const lie = await validateProxy(toolchain, { master: media, proxyFile: without, recipe, pictures });
  t.match(describeRejection(lie), /video color matrix.*picture of frame 0/, 'a proxy without its look is found out');

  /** The middle pixel, to within two levels, as the nearest of the colours that are meant. */
  async function colorOf(file: RealPath): Promise<number[]> {
    const raw = join(dir, 'pixel.rgb') as RealPath;
    const read = 'scale=in_color_matrix=bt709:in_range=limited:flags=accurate_rnd,format=rgb24,crop=1:1';
    await runFfmpeg(toolchain, [
      '-i',
      `file:${file}`,
      '-frames:v',
      '1',
      '-vf',
      read,
      '-f',
      'rawvideo',
      '-y',
      `file:${raw}`,
    ]);
    const meant = [0x10, 0x20, 0x40, 0x60, 0xc0];
    return [...(await readFile(raw))].map((level) => meant.find((each) => Math.abs(each - level) <= 2) ?? level);
  }
});

t.test('only sets take a look, and a look that is not there is no recipe', async (t) => {
  const input = { media: {} as never, extension: '.mov', encoders: {} as never };
  t.throws(() => resolveRecipe('proxy_prores_lt+swap', input), { code: 'profile/unknown', message: /takes no look/ });
  t.throws(() => resolveRecipe('edit+a/b', input), { code: 'profile/unknown', message: /not the name of a look/ });
});
