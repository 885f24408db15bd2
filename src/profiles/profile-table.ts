/** The table of profiles: data. Names and meanings of formats are fixed, since job files use them. */

import { SOURCE_SIZE } from './picture-size.js';
import type { Profile, ProfileTarget, VideoEssence } from './profile.js';

const HALF = { kind: 'divided', by: 2 } as const;
const QUARTER = { kind: 'divided', by: 4 } as const;

const MP4: ProfileTarget = { muxer: 'mp4', video: 'h264-intra' };
/** DNxHR in MXF is progressive with square pixels; MPEG-2 carries what broadcast masters are. */
const MXF: ProfileTarget = { muxer: 'mxf', video: 'dnxhr-lb', otherwise: 'mpeg2-intra' };

type Text = Pick<Profile, 'name' | 'summary' | 'advice'>;
type Recipe = Omit<Profile, 'name' | 'summary' | 'advice'>;

const inMp4 = (size: Profile['size']): Recipe => format('ffmpeg', '.mp4', MP4, size);
const inMov = (engine: Profile['engine'], video: VideoEssence): Recipe =>
  format(engine, '.mov', { muxer: 'mov', video });
const inMxf = (engine: Profile['engine'], video: VideoEssence): Recipe =>
  format(engine, '.mxf', { muxer: 'mxf', video });

function format(
  engine: Profile['engine'],
  extension: string,
  target: ProfileTarget,
  size: Profile['size'] = SOURCE_SIZE,
): Recipe {
  return { version: 1, kind: 'format', engine, size, targets: { [extension]: target } };
}

function set(size: Profile['size'], mov: ProfileTarget): Recipe {
  const targets = { '.mov': mov, '.mp4': MP4, '.m4v': MP4, '.mxf': MXF };
  return { version: 1, kind: 'set', engine: 'ffmpeg', size, targets };
}

const profile = (text: Text, recipe: Recipe): Profile => ({ ...text, ...recipe });

export const PROFILES: readonly Profile[] = [
  profile(
    {
      name: 'edit',
      summary:
        '.mov as ProRes Proxy, .mp4 as H.264 with key frames only, .mxf as DNxHR LB (SD and interlaced: MPEG-2 intra)',
      advice: 'Premiere Pro, Final Cut Pro, Kdenlive and mixed houses: the default',
    },
    set(SOURCE_SIZE, { muxer: 'mov', video: 'prores-proxy', otherwise: 'h264-intra' }),
  ),
  profile(
    {
      name: 'edit_dnx',
      summary:
        '.mov and .mxf as DNxHR LB (SD and interlaced: ProRes Proxy, MPEG-2 intra), .mp4 as H.264 with key frames only',
      advice: 'DaVinci Resolve and Avid Media Composer, and any editor on Linux',
    },
    set(SOURCE_SIZE, { muxer: 'mov', video: 'dnxhr-lb', otherwise: 'prores-proxy' }),
  ),
  profile(
    {
      name: 'light',
      summary:
        'half size: .mov, .mp4 as H.264 with key frames only, .mxf as DNxHR LB (SD and interlaced: MPEG-2 intra)',
      advice: 'slow disks and networks, laptops; only where the editor scales clips to the frame by itself',
    },
    set(HALF, { muxer: 'mov', video: 'h264-intra' }),
  ),
  profile(
    {
      name: 'proxy_h264_low',
      summary: 'H.264 with key frames only, half size, MP4',
      advice: 'review and offline on a laptop',
    },
    inMp4(HALF),
  ),
  profile(
    {
      name: 'proxy_h264_quarter',
      summary: 'H.264 with key frames only, quarter size, MP4',
      advice: 'UHD and larger masters over a slow connection',
    },
    inMp4(QUARTER),
  ),
  profile(
    {
      name: 'proxy_prores_proxy',
      summary: 'ProRes 422 Proxy, MOV',
      advice: 'Premiere Pro and Final Cut Pro',
    },
    inMov('ffmpeg', 'prores-proxy'),
  ),
  profile(
    {
      name: 'proxy_prores_lt',
      summary: 'ProRes 422 LT, MOV',
      advice: 'Premiere Pro and Final Cut Pro where fine detail has to be judged',
    },
    inMov('ffmpeg', 'prores-lt'),
  ),
  profile(
    {
      name: 'proxy_dnxhr_lb',
      summary: 'DNxHR LB with PCM, MXF OP1a',
      advice: 'Avid Media Composer and DaVinci Resolve',
    },
    inMxf('ffmpeg', 'dnxhr-lb'),
  ),
  profile(
    {
      name: 'proxy_prores_proxy_resolve',
      summary: 'ProRes 422 Proxy, MOV, made by DaVinci Resolve',
      advice: 'camera RAW for Premiere Pro and Final Cut Pro',
    },
    inMov('resolve', 'prores-proxy'),
  ),
  profile(
    {
      name: 'proxy_prores_lt_resolve',
      summary: 'ProRes 422 LT, MOV, made by DaVinci Resolve',
      advice: 'camera RAW where fine detail has to be judged',
    },
    inMov('resolve', 'prores-lt'),
  ),
  profile(
    {
      name: 'proxy_prores_hq_resolve',
      summary: 'ProRes 422 HQ, MOV, made by DaVinci Resolve',
      advice: 'camera RAW as a mezzanine for finishing elsewhere',
    },
    inMov('resolve', 'prores-hq'),
  ),
  profile(
    {
      name: 'proxy_dnxhr_lb_resolve',
      summary: 'DNxHR LB with PCM, MXF, made by DaVinci Resolve',
      advice: 'camera RAW for Avid Media Composer and DaVinci Resolve',
    },
    inMxf('resolve', 'dnxhr-lb'),
  ),
  profile(
    {
      name: 'proxy_dnxhr_sq_resolve',
      summary: 'DNxHR SQ with PCM, MXF, made by DaVinci Resolve',
      advice: 'camera RAW for Avid Media Composer at a higher quality',
    },
    inMxf('resolve', 'dnxhr-sq'),
  ),
];
