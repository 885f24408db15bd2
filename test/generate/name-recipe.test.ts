import t from 'tap';
import type { VirtualPath } from '../../src/base/paths.js';
import { type Likeness, likenessOf } from '../../src/catalog/likeness.js';
import { nameRecipe } from '../../src/generate/name-recipe.js';
import type { MediaInfo, VideoStream } from '../../src/probe/media-info.js';
import type { EncoderSet } from '../../src/profiles/recipe.js';
import { resolveRecipe } from '../../src/profiles/resolve.js';
import { rational } from '../../src/time/rational.js';
import { audioStream, mediaInfo, videoStream } from '../fixtures/media-info.js';

const encodersOf = (): EncoderSet => ({
  encoders: new Set(['prores_aw', 'dnxhd', 'libx264', 'mpeg2video', 'aac', 'pcm_s24le']),
  muxers: new Set(['mov', 'mp4', 'mxf']),
  filters: new Set(['setpts']),
  options: new Set(['fps_mode']),
});

const PROFILES = ['edit', 'edit_dnx', 'light', 'edit@half', 'proxy_prores_lt'];
const EXTENSIONS = ['.mov', '.mp4', '.mxf', '.mkv'];

const picture = videoStream();
const [aac, pcm] = [audioStream({ index: 1, codec: 'aac', codecTag: 'mp4a' }), audioStream({ index: 1 })];

/** Each with a neighbour that a recipe may have to tell from it, and one that it may not. */
const CLIPS: readonly MediaInfo[] = [pcm, aac].flatMap((sound) => {
  const of = (over: Partial<MediaInfo> = {}, video: Partial<VideoStream> = {}) =>
    mediaInfo([{ ...picture, ...video }, sound], over);
  return [
    of(),
    of({}, { frames: 250, duration: rational(10) }),
    of({}, { frames: 99 }),
    of({ timecode: '01:00:00:00' }),
    of({ timecode: '10:11:12;13' }),
    of({ timecode: '01:00:00:00', reel: 'A001' }),
    of({ timecode: '', reel: 'a "quoted" \\ reel\n\u2028' }),
    of({ tags: { creation_time: '2024-05-01T10:00:00Z' } }),
    of({ tags: { creation_time: '2025-01-01T00:00:00Z', location: 'there' } }),
    of({ tags: { creation_time: '2025-01-01T00:00:00Z', location: 'elsewhere' } }),
    of({ tags: { title: 'one' } }),
    of({ reel: '\uE000created\uE000', tags: { creation_time: 'now' } }),
    of({ movieTimescale: 1000 }),
    of({ movieTimescale: 600 }),
    of({}, { tags: { title: 'one' } }),
    of({}, { tags: { title: 'two', handler_name: 'core' } }),
    of({}, { frames: 0 }),
    of({}, { startTime: rational(1, 50) }),
    of({}, { fieldOrder: 'tt' }),
    of({}, { rotation: 90 }),
    of({}, { color: { range: 'pc', matrix: 'bt709', primaries: 'bt709', transfer: 'bt709' } }),
    of({}, { variableFrameRate: true, ownTimes: { clock: 600, stored: 100, length: 2400, last: 24, digest: 'a' } }),
    of({}, { variableFrameRate: true, ownTimes: { clock: 600, stored: 100, length: 2400, last: 30, digest: 'b' } }),
    of({}, { variableFrameRate: true }),
    mediaInfo([picture, { ...sound, duration: rational(9) }]),
    mediaInfo([picture, { ...sound, index: 2, channels: 6, layout: '5.1' }]),
    mediaInfo([picture]),
    mediaInfo([sound]),
  ];
});

t.test('a name is the hash of the recipe, or its refusal, whatever was named before', async (t) => {
  const encoders = encodersOf();
  for (const round of ['first', 'again']) {
    for (const profile of PROFILES) {
      for (const extension of EXTENSIONS) {
        for (const [index, media] of CLIPS.entries()) {
          const resolved = resolveRecipe(profile, { media, extension, encoders });
          const clip = { path: `a${extension}` as VirtualPath, likeness: likenessOf(media), media: () => media };
          const wanted = resolved.kind === 'refused' ? resolved : { kind: 'hash', hash: resolved.recipe.hash };
          t.same(nameRecipe(profile, clip, { encoders }), wanted, `${round}: ${profile} ${extension} ${index}`);
        }
      }
    }
  }
});

t.test('of a second clip of the same kind the media facts are not even read', async (t) => {
  const encoders = encodersOf();
  const first = mediaInfo([picture, pcm], { timecode: '01:00:00:00' });
  const second = mediaInfo([{ ...picture, frames: 7 }, pcm], { timecode: '02:00:00:00' });
  const asked: string[] = [];
  const name = (media: MediaInfo, path: string) => {
    const read = () => {
      asked.push(path);
      return media;
    };
    return nameRecipe('edit', { path: path as VirtualPath, likeness: likenessOf(media), media: read }, { encoders });
  };
  const names = [name(first, 'one.mov'), name(second, 'two.MOV')];
  t.same(asked, ['one.mov']);
  t.not(names[0]?.kind === 'hash' && names[0].hash, names[1]?.kind === 'hash' && names[1].hash);
  name(second, 'two.mxf');
  t.same([...new Set(asked)], ['one.mov', 'two.mxf'], 'sound in MXF is cut to the length of the picture');
});

t.test('a clip whose kind is not known, or is another one by now, is named by its media', async (t) => {
  const encoders = encodersOf();
  const [media, other] = [mediaInfo([picture, pcm]), mediaInfo([{ ...picture, startTime: rational(1, 50) }, pcm])];
  const named = (likeness: Likeness | undefined, of: MediaInfo) =>
    nameRecipe('edit', { path: 'a.mov' as VirtualPath, likeness, media: () => of }, { encoders });
  const [right, ofOther] = [named(undefined, media), named(undefined, other)];
  t.same(named(likenessOf(media), other), ofOther, 'the catalog has described it anew meanwhile');
  t.same(named(likenessOf(media), media), right, 'which spoils nothing for clips of that kind');
  t.notSame(right, ofOther);
  const gone = { path: 'a.mov' as VirtualPath, likeness: likenessOf(media), media: () => undefined };
  t.equal(nameRecipe('edit', gone, { encoders: encodersOf() }), undefined, 'it has changed, and is not examined yet');
});
