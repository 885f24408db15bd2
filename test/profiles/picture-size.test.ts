import t from 'tap';
import { divisorFor, type PictureSize } from '../../src/profiles/picture-size.js';
import { findProfile, findSet } from '../../src/profiles/profiles.js';
import { resolveRecipe } from '../../src/profiles/resolve.js';
import { rational } from '../../src/time/rational.js';
import { mediaInfo, videoStream } from '../fixtures/media-info.js';

const RULE = { smallest: { width: 16, height: 16 }, heightMultiple: 2 };
const half: PictureSize = { kind: 'divided', by: 2 };
const quarter: PictureSize = { kind: 'divided', by: 4 };
const lines = (count: number): PictureSize => ({ kind: 'lines', lines: count });

t.test('a picture is divided by a whole number, stays even, and is never enlarged', async (t) => {
  const divisor = (size: PictureSize, width: number, height: number, rule = RULE) =>
    divisorFor(size, { width, height }, rule);
  t.equal(divisor(half, 1920, 1080), 2);
  t.equal(divisor(quarter, 3840, 2160), 4);
  t.equal(divisor(half, 1998, 1080), 1, '999 is odd: no half');
  t.equal(divisor(quarter, 1998, 1080), 3, 'the next divisor that fits');
  t.equal(divisor(half, 20, 20), 1, 'not below what the codec makes');
  t.equal(divisor(quarter, 1920, 1080, { ...RULE, heightMultiple: 4 }), 3, 'two lines of each field');
  t.equal(divisor(lines(1080), 3840, 2160), 2);
  t.equal(divisor(lines(540), 3840, 2160), 4);
  t.equal(divisor(lines(1080), 1280, 720), 1, 'never up');
  t.equal(divisor(lines(1080), 2880, 1620), 1, 'not below what was asked for');
  t.equal(divisor(lines(540), 1080, 1920), 2, 'of an upright picture the width counts');
});

t.test('a set takes a size after its name; formats and other words do not', async (t) => {
  t.match(findSet('edit@half'), { name: 'edit@half', size: half });
  t.match(findSet('edit_dnx@540'), { size: lines(540) });
  for (const name of ['edit@huge', 'edit@0', 'edit@half@half', 'proxy_h264_low@half']) {
    t.throws(() => findProfile(name), { code: 'profile/unknown' }, name);
  }
  t.throws(() => findSet('proxy_h264_low'), { message: /makes \.mp4 files of every master.*choose a set \(edit, / });
});

t.test('a smaller picture keeps shape and colour: what players would guess anew is stated', async (t) => {
  const untagged = { range: 'tv', matrix: undefined, primaries: undefined, transfer: undefined };
  const video = videoStream({ width: 1440, height: 1080, sampleAspect: rational(4, 3), color: untagged });
  const encoders = {
    encoders: new Set(['libx264', 'prores_aw']),
    muxers: new Set(['mov', 'mp4']),
    filters: new Set<string>(),
    options: new Set<string>(),
  };
  const recipeOf = (profile: string) => {
    const result = resolveRecipe(profile, { media: mediaInfo([video]), extension: '.mov', encoders });
    if (result.kind === 'refused') throw new Error(result.reason);
    return result.recipe;
  };
  t.match(recipeOf('light').expect, { width: 720, height: 540, videoCodec: 'h264', color: { matrix: 'bt709' } });
  t.match(recipeOf('edit').expect, { width: 1440, height: 1080, color: { matrix: undefined } });
  t.match(recipeOf('proxy_h264_quarter'), { extension: '.mp4', expect: { width: 360, height: 270 } });
  t.not(recipeOf('edit').hash, recipeOf('edit@half').hash);
});
