/**
 * What a master carries beside picture and sound, in words for people. A proxy does not
 * carry these; they are named so that nobody has to find out. Pure.
 */

import type { FfprobeOutput } from './ffprobe-schema.js';

const OF_SIDE_DATA: Readonly<Record<string, string>> = {
  'Mastering display metadata': 'HDR mastering display',
  'Content light level metadata': 'HDR light levels',
  'HDR Dynamic Metadata SMPTE2094-40 (HDR10+)': 'HDR10+ metadata',
  'DOVI configuration record': 'Dolby Vision',
  'Dolby Vision RPU Data': 'Dolby Vision',
  'Dolby Vision Metadata': 'Dolby Vision',
};

const OF_TRACKS: Readonly<Record<string, string>> = {
  mebx: 'timed metadata (mebx)',
  gpmd: 'motion and GPS data (gpmd)',
  fdsc: 'recovery data (fdsc)',
  rtmd: 'camera metadata (rtmd)',
  camm: 'motion data (camm)',
  djmd: 'flight data (djmd)',
  dbgi: 'diagnosis data (dbgi)',
};

/** `frameSideData`: FFmpeg's names of the side data of the first frame. Each extra is named once. */
export function extrasOf(output: FfprobeOutput, frameSideData: readonly string[]): readonly string[] {
  const sideData = [...output.streams.flatMap((stream) => stream.side_data_list), ...frameSideData];
  const names = sideData.map((entry) => OF_SIDE_DATA[typeof entry === 'string' ? entry : entry.side_data_type]);
  const found = [...names, ...output.streams.map(trackName), output.chapters.length > 0 ? 'chapters' : undefined];
  return [...new Set(found.filter((name) => name !== undefined))].sort();
}

function trackName(stream: FfprobeOutput['streams'][number]): string | undefined {
  const tag = stream.codec_tag_string ?? '';
  if (stream.codec_type === 'subtitle') return 'subtitles';
  if (stream.codec_type === 'attachment') return 'attachments';
  // The timecode track is carried; the text track of chapters is named by them.
  if (stream.codec_type !== 'data' || tag === 'tmcd' || tag === 'text') return undefined;
  return OF_TRACKS[tag] ?? (/^\w{4}$/.test(tag) ? `data (${tag})` : 'data');
}
