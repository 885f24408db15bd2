import { appendFile, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import type { RealPath } from '../../src/base/paths.js';
import { readCameraCurve } from '../../src/probe/camera-curve.js';
import { makeBox } from '../../src/probe/quicktime-boxes.js';
import { hasFfmpeg, makeClip } from '../fixtures/media.js';

const skip = (await hasFfmpeg()) ? false : 'ffmpeg is not installed';
const SMALL = { frames: 4, width: 128, height: 72 };

const xml = (curve: string) => `<?xml version="1.0"?><NonRealTimeMeta><AcquisitionRecord>
<Group name="CameraUnitMetadataSet"><Item value="${curve}" name="CaptureGammaEquation"/></Group></AcquisitionRecord></NonRealTimeMeta>`;
const label = (end: string) => Buffer.from(`060e2b34040101${end}`, 'hex');
const S_LOG_3 = label('060e06040101010604');
const BT_709 = label('0104010101010200' + '00');

t.test('the XML beside a clip goes before what is inside', async (t) => {
  const directory = t.testdir({ 'C0001.MP4': '', 'C0001M01.XML': xml('s-log3-cine'), 'C0002.MP4': '' });
  t.equal(await readCameraCurve(join(directory, 'C0001.MP4') as RealPath), 's-log3-cine');
  t.equal(await readCameraCurve(join(directory, 'C0002.MP4') as RealPath), undefined);
  t.equal(await readCameraCurve(join(directory, 'gone.MP4') as RealPath), undefined);
});

t.test('a clip without its sidecar has the XML in a box of its own', { skip }, async (t) => {
  const directory = t.testdir();
  const clip = await makeClip(directory, 'C0003.mp4', SMALL);
  t.equal(await readCameraCurve(clip), undefined);
  const plain = await readFile(clip);
  const handler = makeBox('hdlr', Buffer.alloc(8), Buffer.from('nrtm'), Buffer.alloc(13));
  const meta = (start: Buffer) =>
    makeBox('meta', start, handler, makeBox('xml ', Buffer.alloc(4), Buffer.from(xml('s-log2'))));
  for (const start of [Buffer.alloc(4), Buffer.alloc(0)]) {
    await writeFile(clip, plain);
    await appendFile(clip, meta(start));
    t.equal(await readCameraCurve(clip), 's-log2', `after ${start.length} bytes of version and flags`);
  }
  await writeFile(clip, Buffer.concat([plain, meta(Buffer.alloc(4)).subarray(0, 60)]));
  t.equal(await readCameraCurve(clip), undefined, 'a box that was cut off');
});

t.test('a label in the header of an MXF file is named when it is known', { skip }, async (t) => {
  const directory = t.testdir();
  const filter = 'setparams=color_trc=bt709';
  const clip = await makeClip(directory, 'a.mxf', { ...SMALL, filter, extra: ['-color_trc', 'bt709'] });
  t.equal(await readCameraCurve(clip), undefined, 'the standard curve stands in the colour tags');
  const bytes = await readFile(clip);
  const item = bytes.indexOf(Buffer.from('32100010060e2b340401', 'hex'));
  t.ok(item > 0, 'FFmpeg writes the item');
  S_LOG_3.copy(bytes, item + 4);
  await writeFile(clip, bytes);
  t.equal(await readCameraCurve(clip), 'S-Log3');
});

t.test('a label beside the first pictures is found behind them, and what looks like one inside is not', async (t) => {
  const directory = t.testdir();
  const path = join(directory, 'b.mxf') as RealPath;
  const element = (key: string, value: Buffer) => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(value.length);
    length[0] = 0x83;
    return Buffer.concat([Buffer.from(key, 'hex'), length, value]);
  };
  const header = element('060e2b34020501010d01020101020400', Buffer.alloc(80));
  const item = (value: Buffer) => Buffer.concat([Buffer.from('32100010', 'hex'), value]);
  const picture = (inside = Buffer.alloc(0)) =>
    element('060e2b34010201010d01030115010500', Buffer.concat([Buffer.alloc(300_000, 1), inside]));
  const data = (value: Buffer) =>
    element('060e2b34010201010d01030117010201', Buffer.concat([Buffer.alloc(30, 2), item(value)]));
  const curveOf = async (...parts: Buffer[]) => {
    await writeFile(path, Buffer.concat(parts));
    return await readCameraCurve(path);
  };
  t.equal(await curveOf(header, picture(), data(BT_709), picture(), data(S_LOG_3)), 'S-Log3');
  t.equal(await curveOf(Buffer.alloc(100, 9), header, data(S_LOG_3)), 'S-Log3', 'after a run-in');
  t.equal(await curveOf(header, picture(item(S_LOG_3)), data(BT_709)), undefined, 'in the picture itself');
  t.equal(await curveOf(header, data(label('060e06040101019999'))), undefined, 'a label that nobody knows');
  t.equal(await curveOf(header, data(S_LOG_3).subarray(0, 50)), undefined, 'cut off');
  t.equal(await curveOf(header, picture().subarray(0, 100)), undefined);
  t.equal(await curveOf(Buffer.from('060e2b34', 'hex')), undefined);
  t.equal(await curveOf(), undefined, 'nothing at all');
});
