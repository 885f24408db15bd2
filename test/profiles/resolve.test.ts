import t from 'tap';
import type { RealPath } from '../../src/base/paths.js';
import type { ColorTags, MediaInfo, MediaStream } from '../../src/probe/media-info.js';
import { ffmpegArguments } from '../../src/profiles/command.js';
import { findProfile, listProfiles } from '../../src/profiles/profiles.js';
import type { EncoderSet, Recipe } from '../../src/profiles/recipe.js';
import { canonicalJson } from '../../src/profiles/recipe-hash.js';
import { resolveRecipe } from '../../src/profiles/resolve.js';
import { rational } from '../../src/time/rational.js';
import { audioStream, mediaInfo, videoStream } from '../fixtures/media-info.js';

const ENCODERS: EncoderSet = {
  encoders: new Set(['prores_aw', 'prores_ks', 'dnxhd', 'libx264', 'mpeg2video', 'aac', 'pcm_s24le']),
  muxers: new Set(['mov', 'mp4', 'mxf']),
  filters: new Set(['setpts']),
  options: new Set(['fps_mode']),
};

const resolve = (extension: string, media: MediaInfo, profile = 'edit', encoders = ENCODERS) =>
  resolveRecipe(profile, { media, extension, encoders });

const recipeOf = (
  extension: string,
  streams: readonly MediaStream[],
  over: Partial<MediaInfo> = {},
  profile = 'edit',
) => {
  const result = resolve(extension, mediaInfo(streams, over), profile);
  if (result.kind !== 'recipe') throw new Error(result.reason);
  return result.recipe;
};

const refusal = (extension: string, streams: readonly MediaStream[], profile = 'edit') => {
  const result = resolve(extension, mediaInfo(streams), profile);
  return result.kind === 'refused' ? result.code : 'a recipe';
};

const command = (recipe: Recipe) => ffmpegArguments(recipe, '/in.mov' as RealPath, '/out.mov' as RealPath).join(' ');

t.test('the container follows the extension, the codec follows the profile', async (t) => {
  const chosen = (extension: string, profile: string) =>
    recipeOf(extension, [videoStream()], {}, profile).expect.videoCodec;
  t.equal(chosen('.mov', 'edit'), 'prores');
  t.equal(chosen('.mov', 'edit_dnx'), 'dnxhd');
  t.equal(chosen('.mp4', 'edit'), 'h264');
  t.equal(chosen('.m4v', 'edit_dnx'), 'h264');
  t.equal(chosen('.mxf', 'edit'), 'dnxhd');
  t.equal(refusal('.mkv', [videoStream()]), 'container');
});

t.test(
  'pictures whose colour tags ProRes has no code for get H.264, or are refused where the codec is fixed',
  async (t) => {
    const tagged = (color: Partial<ColorTags>) =>
      videoStream({ color: { range: 'tv', matrix: 'bt709', primaries: 'bt709', transfer: 'bt709', ...color } });
    for (const color of [{ transfer: 'smpte240m' }, { primaries: 'film' }, { matrix: 'smpte240m' }]) {
      t.equal(recipeOf('.mov', [tagged(color)]).expect.videoCodec, 'h264', JSON.stringify(color));
      t.equal(refusal('.mov', [tagged(color)], 'proxy_prores_lt'), 'color-tag');
      t.equal(refusal('.mp4', [tagged(color)]), 'a recipe');
    }
    for (const color of [{ primaries: 'bt470bg' }, { transfer: 'arib-std-b67' }, { transfer: undefined }])
      t.equal(recipeOf('.mov', [tagged(color)]).expect.videoCodec, 'prores', JSON.stringify(color));
    for (const transfer of ['smpte170m', 'bt2020-10', 'bt2020-12']) {
      const { color } = recipeOf('.mov', [tagged({ transfer })], {}, 'proxy_prores_lt').expect;
      t.equal(color.transfer, 'bt709', `${transfer} is the same curve by another name`);
      const own = recipeOf('.mov', [tagged({ transfer })]).expect;
      t.strictSame([own.videoCodec, own.color.transfer], ['h264', transfer], 'where there is a choice, the name stays');
    }
    const rgb = { ...tagged({ matrix: 'gbr', transfer: 'iec61966-2-1' }), pixelFormat: 'rgb24' };
    t.equal(recipeOf('.mov', [rgb]).expect.videoCodec, 'h264', 'RGB has primaries and a transfer, too');
    for (const [matrix, stated] of [
      ['bt2020nc', 'bt2020nc'],
      ['smpte170m', 'smpte170m'],
      ['ycgco', 'bt709'],
    ])
      t.equal(recipeOf('.mov', [{ ...rgb, color: { ...rgb.color, matrix } }]).expect.color.matrix, stated);
    const usual = { ...tagged({ matrix: 'gbr' }), pixelFormat: 'rgb24' };
    t.equal(recipeOf('.mov', [usual]).expect.videoCodec, 'prores', 'and any matrix');
    const pal = recipeOf('.mov', [tagged({ matrix: 'bt470bg', primaries: 'bt470bg' })]).expect;
    t.strictSame([pal.videoCodec, pal.color.matrix], ['h264', 'bt470bg']);
    const sd = recipeOf('.mov', [tagged({ matrix: 'smpte170m' })], {}, 'proxy_dnxhr_lb');
    t.equal(sd.expect.color.matrix, 'bt470bg', 'the name that readers of MXF give to the same matrix');
  },
);

t.test('pictures that DNxHR cannot state get another codec, never other properties', async (t) => {
  const odd = [
    { fieldOrder: 'tt' },
    { width: 128, height: 72 },
    { width: 720, height: 576, color: { range: 'tv', matrix: undefined, primaries: undefined, transfer: undefined } },
    { width: 1440, sampleAspect: rational(4, 3) },
  ];
  for (const over of odd)
    t.equal(recipeOf('.mxf', [videoStream(over)]).expect.videoCodec, 'mpeg2video', JSON.stringify(over.width));
  t.equal(recipeOf('.mov', [videoStream({ fieldOrder: 'bb' })], {}, 'edit_dnx').expect.videoCodec, 'prores');
});

t.test(
  'colours that MXF has no label for are stated by another codec, or refused where the codec is fixed',
  async (t) => {
    const tagged = (color: Partial<ColorTags>) =>
      videoStream({ color: { range: 'tv', matrix: 'bt709', primaries: 'bt709', transfer: 'bt709', ...color } });
    for (const color of [{ transfer: 'iec61966-2-1' }, { primaries: 'film' }, { primaries: 'smpte431' }]) {
      t.equal(recipeOf('.mxf', [tagged(color)]).expect.videoCodec, 'mpeg2video', JSON.stringify(color));
      t.equal(refusal('.mxf', [tagged(color)], 'proxy_dnxhr_lb'), 'color-tag');
    }
    const twelve = [tagged({ transfer: 'bt2020-12' })];
    t.equal(recipeOf('.mxf', twelve).expect.videoCodec, 'mpeg2video');
    const { videoCodec, color } = recipeOf('.mxf', twelve, {}, 'proxy_dnxhr_lb').expect;
    t.strictSame([videoCodec, color.transfer], ['dnxhd', 'bt2020-10'], 'the same curve by another name');
  },
);

t.test('an untagged picture that programs disagree on stays untagged and keeps its size', async (t) => {
  const untagged = { range: 'tv', matrix: undefined, primaries: undefined, transfer: undefined };
  const shownAs = (width: number, height: number, profile: string) => {
    const { expect } = recipeOf('.mov', [videoStream({ width, height, color: untagged })], {}, profile);
    return [expect.videoCodec, expect.width, expect.color.matrix];
  };
  t.strictSame(shownAs(960, 720, 'edit_dnx'), ['prores', 960, undefined]);
  t.strictSame(shownAs(960, 720, 'light'), ['h264', 960, undefined]);
  t.strictSame(shownAs(2048, 512, 'light'), ['h264', 2048, undefined]);
  t.strictSame(shownAs(1280, 720, 'edit_dnx'), ['dnxhd', 1280, undefined]);
  t.strictSame(shownAs(1280, 720, 'light'), ['h264', 640, 'bt709']);
  t.strictSame(shownAs(1920, 1440, 'light'), ['h264', 960, 'bt709'], 'its half would be one of those');
  t.strictSame(shownAs(720, 576, 'light'), ['h264', 360, undefined]);
});

t.test('every sound is mapped in the order of the master and copied where the container takes it', async (t) => {
  const data: MediaStream = { ...audioStream(), kind: 'data', index: 1, codecTag: 'tmcd' };
  const streams = [
    videoStream(),
    data,
    audioStream({ index: 2 }),
    audioStream({ index: 3, codec: 'aac', dispositions: [] }),
  ];
  const words = command(recipeOf('.mov', streams));
  t.match(words, '-map 0:0 -map 0:2 -map 0:3 -dn -sn');
  t.match(words, '-c:a:0 copy -disposition:a:0 default -c:a:1 copy -disposition:a:1 0');
  const pcmInMp4 = command(recipeOf('.mp4', [videoStream(), audioStream({ index: 1 })]));
  t.match(pcmInMp4, '-c:a:0 aac -b:a 256k -filter:a:0 apad=whole_len=192000,atrim=end_sample=192000');
  t.equal(refusal('.mp4', [videoStream(), audioStream({ index: 1, channels: 16 })]), 'audio-codec');
  t.equal(refusal('.mov', [videoStream(), audioStream({ index: 1, codec: 'unknown' })]), 'audio-codec');
});

t.test('MXF sound is exactly as long as the picture', async (t) => {
  const video = videoStream({ frames: 101, frameRate: rational(30000, 1001) });
  const sound = audioStream({ index: 1, duration: rational(101 * 1001, 30000) });
  t.match(command(recipeOf('.mxf', [video, sound])), 'apad=whole_len=161762,atrim=end_sample=161762');
  t.equal(refusal('.mxf', [video, audioStream({ index: 1, duration: rational(2) })]), 'audio-length');
  t.equal(refusal('.mxf', [video, audioStream({ index: 1, sampleRate: 44_100 })]), 'audio-rate');
});

t.test('rate, timecode, reel, rotation, range and fields are carried explicitly', async (t) => {
  const video = videoStream({ frameRate: rational(24000, 1001), fieldOrder: 'bt', pixelFormat: 'yuvj420p' });
  const full = { ...video, color: { ...video.color, range: 'pc' } };
  const words = command(recipeOf('.mp4', [full], { timecode: '01:00:00:00', reel: 'A001' }));
  t.match(words, /^-noautorotate -r 24000\/1001 -i file:\/in\.mov /);
  t.match(words, 'settb=1001/24000,setpts=N,setfield=tff,scale=');
  t.match(words, 'in_range=full:out_range=full');
  t.match(words, '-timecode 01:00:00:00 -metadata:s:v:0 reel_name=A001');
  t.match(words, '-field_order tt');
  const inMovie = command(recipeOf('.mov', [full]));
  t.match(inMovie, /in_range=full:out_range=full.*-c:v libx264/, 'ProRes cannot state a full range, H.264 can');
  t.match(inMovie, '-field_order bt', 'QuickTime also states which field is stored first');
  t.match(words, /-y file:\/out\.mov$/);
});

t.test('what FFmpeg does not inherit is carried: order, cover art, dates and camera metadata', async (t) => {
  const cover = videoStream({ index: 0, codec: 'mjpeg', dispositions: ['attached_pic'] });
  const streams = [cover, audioStream({ index: 1 }), videoStream({ index: 2 })];
  const tags = { creation_time: '2024-05-01T10:20:30.000000Z', firmware: 'HD5', major_brand: 'mp41' };
  const words = command(recipeOf('.mp4', streams, { tags, movieTimescale: 600 }));
  t.match(words, '-map 0:1 -map 0:2 -map 0:0 -dn');
  t.match(words, '-c:v:1 copy -disposition:v:1 attached_pic -metadata creation_time=2024-05-01T10:20:30.000000Z');
  t.match(words, '-movflags +faststart+use_metadata_tags -movie_timescale 600');
  t.match(command(recipeOf('.mov', streams)), /-map 0:1 -map 0:2 -dn/, 'QuickTime has no place for cover art');
  t.match(command(recipeOf('.mp4', [videoStream()], { tags: { title: 'T' } })), /-movflags \+faststart -f/);
});

t.test('a picture that begins after the sound keeps its place, to a part of a frame', async (t) => {
  const late = videoStream({ startTime: rational(2, 25) });
  t.match(command(recipeOf('.mov', [late, audioStream({ index: 1 })])), 'setpts=N+2');
  const part = [videoStream({ startTime: rational(1, 60) }), audioStream({ index: 1 })];
  t.match(command(recipeOf('.mov', part)), /settb=1\/90000,setpts=N\*3600\+1500,.*-enc_time_base 1:90000/);
  t.equal(refusal('.mxf', part), 'stream-start', 'MXF counts in whole frames');
});

t.test(
  'what the installed FFmpeg lacks is a reason, and an older option is used where the newer is missing',
  async (t) => {
    const without = (names: string[]): EncoderSet => ({ ...ENCODERS, encoders: new Set(names), options: new Set() });
    const fallback = resolve('.mov', mediaInfo([videoStream()]), 'edit', without(['prores_ks']));
    t.match(fallback.kind === 'recipe' ? command(fallback.recipe) : '', /-vsync passthrough -c:v prores_ks/);
    t.match(resolve('.mov', mediaInfo([videoStream()]), 'edit', without([])), {
      kind: 'refused',
      code: 'encoder-missing',
    });
  },
);

t.test('equal inputs give equal hashes, and any difference in the command another', async (t) => {
  const one = recipeOf('.mov', [videoStream()]);
  t.equal(one.hash, recipeOf('.mov', [videoStream()]).hash);
  t.match(one.hash, /^[0-9a-f]{64}$/);
  const others = [
    recipeOf('.mov', [videoStream({ frameRate: rational(24) })]),
    recipeOf('.mov', [videoStream()], { timecode: '01:00:00:00' }),
    recipeOf('.mov', [videoStream()], {}, 'edit_dnx'),
    recipeOf('.mov', [videoStream({ height: 720 })]),
  ];
  t.equal(new Set([one, ...others].map((recipe) => recipe.hash)).size, 5);
  t.equal(canonicalJson({ b: [1, undefined, 'x'], a: undefined, c: null }), '{"b":[1,null,"x"],"c":null}');
});

t.test('an unknown profile names the nearest', async (t) => {
  t.ok(listProfiles().length >= 2);
  t.equal(findProfile('edit').version, 1);
  t.throws(() => findProfile('edit_dmx'), { code: 'profile/unknown', message: /did you mean 'edit_dnx'/ });
});
