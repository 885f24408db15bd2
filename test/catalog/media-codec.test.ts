import t from 'tap';
import { decodeMedia, encodeMedia } from '../../src/catalog/media-codec.js';
import { SAMPLE_MEDIA } from './sample-media.js';

t.test('media facts come back as they were, undefined keys and rationals included', async (t) => {
  const decoded = decodeMedia(encodeMedia(SAMPLE_MEDIA));
  t.strictSame(decoded, SAMPLE_MEDIA);
  t.same(Object.keys(decoded).sort(), Object.keys(SAMPLE_MEDIA).sort());
  t.equal(decoded.streams[0]?.duration?.num, 1001n);
});

t.test('an optional fact that was absent stays absent', async (t) => {
  const [video, ...others] = SAMPLE_MEDIA.streams;
  if (video?.kind !== 'video') throw new Error('no video');
  const { hiddenFrames: _, ...plain } = video;
  const decoded = decodeMedia(encodeMedia({ ...SAMPLE_MEDIA, streams: [plain, ...others] }));
  t.notOk('hiddenFrames' in (decoded.streams[0] ?? {}));
});

t.test('each damaged field is refused with what was expected', async (t) => {
  const json = encodeMedia(SAMPLE_MEDIA);
  const damages: readonly [string, string, RegExp][] = [
    ['"width":1920', '"width":"1920"', /expected a number, found "1920"/],
    ['30000/1001', '30000/0', /rational/],
    ['"kind":"audio"', '"kind":"smell"', /expected data or subtitle/],
    ['"hasAlpha":false', '"hasAlpha":null', /expected a boolean/],
    ['"streams":[', '"streams":7,"x":[', /expected a list/],
    ['"language":"eng"', '"language":5', /expected a string/],
    ['"format":', '"fromat":', /expected a string, found undefined/],
  ];
  for (const [from, to, message] of damages) {
    t.ok(json.includes(from), from);
    t.throws(() => decodeMedia(json.replace(from, to)), { code: 'store/damaged', message });
  }
  t.throws(() => decodeMedia('{'), { code: 'store/damaged' });
});
