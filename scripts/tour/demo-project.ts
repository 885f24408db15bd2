/**
 * A small project of the kind that editors get: two camera rolls in three containers,
 * five frame rates, drop-frame and non-drop timecode, several audio tracks, and the
 * files that lie beside footage. Grain makes the masters as heavy as camera files are.
 */

import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ProxyfsError } from '../../src/base/error.js';

interface DemoClip {
  readonly path: string;
  readonly about: string;
  readonly size: string;
  readonly rate: string;
  readonly seconds: number;
  readonly timecode: string;
  /** Channel layouts, one per audio stream. */
  readonly audio: readonly string[];
  readonly codec: readonly string[];
}

const H264 = ['-c:v', 'libx264', '-preset', 'ultrafast', '-crf', '14', '-pix_fmt', 'yuv420p', '-c:a', 'aac'];
const PRORES = ['-c:v', 'prores_aw', '-profile:v', '3', '-pix_fmt', 'yuv422p10le', '-c:a', 'pcm_s24le'];
const XDCAM = [
  ...['-c:v', 'mpeg2video', '-pix_fmt', 'yuv422p', '-b:v', '50M', '-minrate', '50M', '-maxrate', '50M'],
  ...['-bufsize', '17825792', '-g', '12', '-bf', '2', '-c:a', 'pcm_s24le'],
];

export const DEMO_CLIPS: readonly DemoClip[] = [
  {
    path: 'A001/A001_C001.mov',
    about: 'ProRes 422 HQ, 23.976, four mono tracks',
    size: '1920x1080',
    rate: '24000/1001',
    seconds: 3,
    timecode: '01:00:00:00',
    audio: ['mono', 'mono', 'mono', 'mono'],
    codec: PRORES,
  },
  {
    path: 'A001/A001_C002.mp4',
    about: 'H.264, 29.97 drop-frame, across a minute',
    size: '1920x1080',
    rate: '30000/1001',
    seconds: 3,
    timecode: '00:59:58;12',
    audio: ['stereo'],
    codec: H264,
  },
  {
    path: 'A001/A001_C003.mp4',
    about: 'H.264, 59.94 drop-frame',
    size: '1920x1080',
    rate: '60000/1001',
    seconds: 2,
    timecode: '09:10:00;00',
    audio: ['stereo'],
    codec: H264,
  },
  {
    path: 'B002/B002_C001.mxf',
    about: 'XDCAM-like MPEG-2, 25, eight mono tracks',
    size: '1920x1080',
    rate: '25',
    seconds: 4,
    timecode: '10:00:00:00',
    audio: Array.from({ length: 8 }, () => 'mono'),
    codec: XDCAM,
  },
  {
    path: 'B002/B002_C002.mov',
    about: 'H.264 UHD, 24, stereo',
    size: '3840x2160',
    rate: '24',
    seconds: 1,
    timecode: '15:30:12:00',
    audio: ['stereo'],
    codec: H264,
  },
];

const OTHER_FILES: Readonly<Record<string, string>> = {
  'Project/Show.fcpxml': '<?xml version="1.0"?>\n<fcpxml version="1.9"/>\n',
  'A001/A001_C001.srt': '1\n00:00:00,000 --> 00:00:02,000\nA subtitle beside its clip.\n',
  'Notes from the set.txt': 'Scene 12 take 3 is the good one.\n',
};

export async function makeDemoProject(root: string, signal: AbortSignal, say: (text: string) => void): Promise<void> {
  for (const [path, content] of Object.entries(OTHER_FILES)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), content);
  }
  await mkdir(join(root, 'Sound'), { recursive: true });
  const tone = ['-f', 'lavfi', '-i', 'sine=frequency=330:sample_rate=48000:duration=2'];
  await ffmpeg([...tone, '-c:a', 'pcm_s24le', join(root, 'Sound', 'Take 1.wav')], signal);
  for (const clip of DEMO_CLIPS) {
    await mkdir(dirname(join(root, clip.path)), { recursive: true });
    await ffmpeg(clipArguments(clip, join(root, clip.path)), signal);
    say(`${clip.path.padEnd(20)} ${clip.about}`);
  }
}

function clipArguments(clip: DemoClip, output: string): string[] {
  const video = `testsrc2=size=${clip.size}:rate=${clip.rate},noise=alls=6:allf=t`;
  const sounds = clip.audio.flatMap((layout, index) => [
    ...['-f', 'lavfi', '-i', `sine=frequency=${220 + 110 * index}:sample_rate=48000,aformat=channel_layouts=${layout}`],
  ]);
  const maps = clip.audio.flatMap((_layout, index) => ['-map', `${index + 1}:a`]);
  return [
    ...['-f', 'lavfi', '-i', video, ...sounds, '-map', '0:v', ...maps, ...clip.codec],
    ...['-color_primaries', 'bt709', '-color_trc', 'bt709', '-colorspace', 'bt709'],
    ...['-timecode', clip.timecode, '-t', String(clip.seconds), output],
  ];
}

async function ffmpeg(args: readonly string[], signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const program = process.env['FFMPEG_PATH'] || 'ffmpeg';
  const child = spawn(program, ['-v', 'error', '-nostdin', ...args], { stdio: ['ignore', 'ignore', 'pipe'], signal });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString('utf8');
  });
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  if (exitCode === 0) return;
  throw new ProxyfsError('ffmpeg/failed', `a demo clip could not be made: ${said.trim().split('\n')[0] ?? ''}`);
}
