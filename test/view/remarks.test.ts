import t from 'tap';
import { cameraCurve, remarksOn } from '../../src/view/remarks.js';
import { mediaInfo, videoStream } from '../fixtures/media-info.js';

t.test('what only the master has is named, and nothing is said where there is nothing', async (t) => {
  const extras = ['HDR light levels', 'chapters'];
  t.same(remarksOn(mediaInfo([videoStream()], { extras }), undefined), [
    'Only the master has: HDR light levels, chapters.',
  ]);
  t.same(remarksOn(mediaInfo([videoStream()]), undefined), []);
});

t.test('the curve of the camera is the one that it states itself, or that of the tags of the file', async (t) => {
  const plain = mediaInfo([videoStream()]);
  t.equal(cameraCurve(plain, 's-log3-cine'), 's-log3-cine');
  t.equal(cameraCurve(plain, undefined), undefined);
  const tagged = mediaInfo([videoStream()], { tags: { 'com.arri.camera.ColorGammaSxS': 'LOG-C' } });
  t.equal(cameraCurve(tagged, undefined), 'LOG-C');
  t.match(remarksOn(tagged, undefined)[0], /recorded LOG-C; no look is baked/);
});

t.test('a look is remarked where the curve is known and where it is not', async (t) => {
  const look = { name: 'kodak', output: 'bt709' };
  const [plain, log] = [mediaInfo([videoStream()]), { tags: { 'com.apple.proapps.logGamma': 'Apple Log' } }];
  t.match(remarksOn(plain, undefined, look), [/^The look 'kodak' is baked into the proxy.* BT709; no metadata says/]);
  t.match(remarksOn(mediaInfo([videoStream()], log), undefined, look), [/recorded Apple Log.*applied a second time/]);
  t.match(remarksOn(plain, 'rec709', look), [/is no log curve.*applied twice/]);
  t.match(remarksOn(plain, 's-log3-cine'), [/recorded s-log3-cine; no look is baked.*flat picture/]);
});
