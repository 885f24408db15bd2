/** Media facts with every kind of field set and unset. */

import type { MediaInfo } from '../../src/probe/media-info.js';
import { rational } from '../../src/time/rational.js';

const stream = {
  codecTag: 'apcn',
  duration: rational(1001, 100),
  startTime: rational(-1, 48000),
  tags: { num: '1', language: 'eng' },
  dispositions: ['default'],
};

export const SAMPLE_MEDIA: MediaInfo = {
  format: 'mov,mp4,m4a,3gp,3g2,mj2',
  duration: rational(1001, 100),
  timecode: '01:00:00;00',
  reel: undefined,
  tags: { 'com.apple.quicktime.make': 'a "camera" — ünïcode' },
  streams: [
    {
      ...stream,
      index: 0,
      kind: 'video',
      codec: 'prores',
      width: 1920,
      height: 1080,
      pixelFormat: 'yuv422p10le',
      frameRate: rational(30000, 1001),
      averageFrameRate: undefined,
      frames: 300,
      hiddenFrames: 2,
      variableFrameRate: false,
      sampleAspect: rational(1),
      rotation: -90,
      fieldOrder: 'tt',
      hasAlpha: false,
      color: { range: 'tv', matrix: 'bt709', primaries: undefined, transfer: undefined },
    },
    {
      ...stream,
      index: 1,
      kind: 'audio',
      codec: 'pcm_s24le',
      channels: 2,
      layout: undefined,
      sampleRate: 48000,
      sampleFormat: 's32',
      bitsPerSample: 24,
    },
    { ...stream, index: 2, kind: 'data', codec: 'unknown', duration: undefined, startTime: undefined },
  ],
};
