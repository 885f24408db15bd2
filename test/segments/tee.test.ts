/** Several files of one encode: all that are asked for, or an error. */

import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { runFfmpeg } from '../../src/ffmpeg/run.js';
import { locateFfmpeg } from '../../src/ffmpeg/toolchain.js';
import { type TeeFile, teeArguments } from '../../src/segments/tee.js';
import { hasFfmpeg } from '../fixtures/media.js';

const skip = (await hasFfmpeg()) ? {} : { skip: 'ffmpeg is not installed' };
const PICTURE = [
  '-f',
  'lavfi',
  '-i',
  'testsrc2=size=320x180:rate=25,trim=end_frame=20',
  '-map',
  '0:v',
  '-c:v',
  'mjpeg',
];
const MOV = { f: 'mov', select: 'v' };

const directory = await mkdtemp(join(tmpdir(), 'proxyfs-tee-'));
t.teardown(() => rm(directory, { recursive: true, force: true }));

async function write(...files: TeeFile[]): Promise<void> {
  const toolchain = await locateFfmpeg();
  await runFfmpeg(toolchain, [...PICTURE, ...teeArguments(files)], { polite: false, directory });
}

t.test('names and values are what they say, whatever FFmpeg makes of such characters', skip, async (t) => {
  const odd = "a|b [c]\\d'e:f%d ü.mov";
  const list = "l|i:s]t'\\.txt";
  const segments = { ...MOV, f: 'segment', segment_format: 'mov', segment_frames: '10,99', segment_list: list };
  await write({ options: segments, file: 'part-%d.mov' }, { options: MOV, file: `file:${odd}` });
  t.same((await readdir(directory)).sort(), [odd, list, 'part-0.mov', 'part-1.mov'].sort());
});

t.test('where one of them cannot be begun or written, all have failed', skip, async (t) => {
  const failed = { code: 'ffmpeg/failed' };
  await t.rejects(write({ options: MOV, file: 'file:good.mov' }, { options: { f: 'nonsense' }, file: 'bad' }), failed);
  const full = { options: { f: 'framehash' }, file: 'file:/dev/full' };
  await t.rejects(
    write({ options: MOV, file: 'file:good.mov' }, { ...full, options: { ...full.options, flush_packets: '1' } }),
    failed,
  );
});
