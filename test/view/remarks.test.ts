import t from 'tap';
import { cameraCurve, remarksOn } from '../../src/view/remarks.js';
import { mediaInfo, videoStream } from '../fixtures/media-info.js';

const SIDECAR = `<?xml version="1.0"?><NonRealTimeMeta><AcquisitionRecord><Group name="CameraUnitMetadataSet">
<Item value="s-log3-cine" name="CaptureGammaEquation"/></Group></AcquisitionRecord></NonRealTimeMeta>`;

t.test('what only the master has is named, and nothing is said where there is nothing', async (t) => {
  const extras = ['HDR light levels', 'chapters'];
  t.same(remarksOn(mediaInfo([videoStream()], { extras }), undefined), [
    'Only the master has: HDR light levels, chapters.',
  ]);
  t.same(remarksOn(mediaInfo([videoStream()]), undefined), []);
});

t.test('the curve of the camera is read from its sidecar or from the metadata of the file', async (t) => {
  const plain = mediaInfo([videoStream()]);
  t.equal(cameraCurve(plain, SIDECAR), 's-log3-cine');
  t.equal(cameraCurve(plain, '<NonRealTimeMeta/>'), undefined);
  const tagged = mediaInfo([videoStream()], { tags: { 'com.arri.camera.ColorGammaSxS': 'LOG-C' } });
  t.equal(cameraCurve(tagged, undefined), 'LOG-C');
  t.match(remarksOn(tagged, undefined)[0], /recorded LOG-C; no look is baked/);
});
