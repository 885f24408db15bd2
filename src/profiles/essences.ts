/**
 * The picture codecs of proxies: how each is encoded and what it can carry. Data, with the
 * reasons that the manifest shows.
 */

import type { ColorTags, VideoStream } from '../probe/media-info.js';
import { type Fields, fieldsOf, hasSquarePixels, impliedMatrix, isAmbiguous, isFullRange, isRgb } from './geometry.js';
import { shownVideo } from './look-filter.js';
import { asLabelled, unlabelledTag } from './mxf-labels.js';
import { option, type Plan } from './plan.js';
import type { ProfileTarget, VideoEssence } from './profiles.js';
import type { RecipeArgument } from './recipe.js';

export interface Essence {
  /** As people call it. */
  readonly title: string;
  /** FFmpeg's codec name, as ffprobe says it of the finished file. */
  readonly codec: string;
  /** Encoders that can make it, best first. */
  readonly encoders: readonly string[];
  readonly pixelFormat: string;
  /** The bitstream can say that its samples use the full range. */
  readonly fullRange: boolean;
  readonly interlaced: boolean;
  /** The matrices that the bitstream can state, where it always states one. */
  readonly matrices?: readonly string[];
  /** The tags that the bitstream has codes for, where it has not one for each: others would be lost. */
  readonly tags?: Readonly<Record<'matrix' | 'primaries' | 'transfer', readonly string[]>>;
  readonly smallest: { readonly width: number; readonly height: number };
  /** A filter of the finished frames. */
  readonly bitstream?: (fields: Fields) => { readonly filter: string; readonly why: string } | undefined;
  readonly options: (encoder: string, fields: Fields) => readonly RecipeArgument[];
}

/** What FFmpeg's encoders write into a frame's header, which readers believe more than the container. */
const PRORES_TAGS = {
  matrix: ['bt709', 'smpte170m', 'bt470bg', 'bt2020nc'],
  primaries: ['bt709', 'bt470bg', 'smpte170m', 'bt2020', 'smpte431', 'smpte432'],
  transfer: ['bt709', 'smpte2084', 'arib-std-b67'],
};

const ESSENCES: Readonly<Record<VideoEssence, Essence>> = {
  'prores-proxy': prores('ProRes 422 Proxy', '0'),
  'prores-lt': prores('ProRes 422 LT', '1'),
  'prores-hq': prores('ProRes 422 HQ', '3'),
  'dnxhr-lb': dnxhr('DNxHR LB', 'dnxhr_lb'),
  'dnxhr-sq': dnxhr('DNxHR SQ', 'dnxhr_sq'),
  'h264-intra': {
    title: 'H.264 all-intra',
    codec: 'h264',
    encoders: ['libx264'],
    pixelFormat: 'yuv420p',
    fullRange: true,
    interlaced: true,
    smallest: { width: 16, height: 16 },
    // Of interlaced pictures the field order stands in notes of the same kind, which have to stay.
    bitstream: (fields) =>
      fields === 'progressive'
        ? {
            filter: 'filter_units=remove_types=6',
            why: 'without the note of x264, which names the threads of this machine',
          }
        : undefined,
    options: (_, fields) => [
      option('fast to make, light to decode', '-preset', 'veryfast', '-tune', 'fastdecode', '-crf', '23'),
      option('every frame a key frame, in display order: any cut and any frame is immediate', '-g', '1', '-bf', '0'),
      ...(fields === 'progressive'
        ? []
        : [
            option(
              'field order in the bitstream; x264 notes how many threads it had, so their number is fixed',
              '-x264-params',
              `${fields === 'top-first' ? 'tff=1' : 'bff=1'}:pic-struct=1:threads=8:lookahead-threads=2`,
            ),
          ]),
    ],
  },
  'mpeg2-intra': {
    title: 'MPEG-2 intra',
    codec: 'mpeg2video',
    encoders: ['mpeg2video'],
    pixelFormat: 'yuv422p',
    fullRange: false,
    interlaced: true,
    smallest: { width: 16, height: 16 },
    options: () => [
      option('every frame a key frame', '-g', '1', '-bf', '0'),
      option('constant quality', '-q:v', '5', '-qmax', '28', '-non_linear_quant', '1', '-intra_vlc', '1'),
    ],
  },
};

function prores(title: string, profile: string): Essence {
  return {
    title,
    codec: 'prores',
    // prores_aw is over three times as fast as prores_ks at equal quality, and names the field order rightly.
    encoders: ['prores_aw', 'prores_ks'],
    pixelFormat: 'yuv422p10le',
    fullRange: false,
    interlaced: true,
    tags: PRORES_TAGS,
    smallest: { width: 16, height: 16 },
    options: () => [
      option(title, '-profile:v', profile),
      option('readers that ask for the vendor expect this one', '-vendor', 'apl0'),
    ],
  };
}

function dnxhr(title: string, profile: string): Essence {
  return {
    title,
    codec: 'dnxhd',
    encoders: ['dnxhd'],
    pixelFormat: 'yuv422p',
    fullRange: false,
    interlaced: false,
    matrices: ['bt709', 'bt2020nc'],
    smallest: { width: 256, height: 120 },
    options: () => [option(title, '-profile:v', profile)],
  };
}

/** The name of a codec for people. */
export function titleOf(video: VideoEssence): string {
  return ESSENCES[video].title;
}

/** FFmpeg's name of a codec, as ffprobe says it of the finished file. */
export function codecOf(video: VideoEssence): string {
  return ESSENCES[video].codec;
}

/** Encoders that can make it, best first: one of them is enough. */
export function encodersOf(video: VideoEssence): readonly string[] {
  return ESSENCES[video].encoders;
}

/**
 * The target's first choice, or its second where the first cannot carry the picture. A
 * full-range picture in QuickTime becomes H.264: no other of these codecs can state it.
 */
export function essenceOf(plan: Pick<Plan, 'target' | 'video' | 'look'>): Essence {
  const shown = shownVideo(plan);
  const { video, otherwise, muxer } = plan.target;
  if (otherwise === undefined) return ESSENCES[video];
  // FFmpeg's MXF muxer states square pixels for every DNxHR picture.
  const { target } = plan;
  if (carries(ESSENCES[video], target, shown) && (muxer !== 'mxf' || hasSquarePixels(shown))) return ESSENCES[video];
  const last = muxer === 'mov' && !carries(ESSENCES[otherwise], target, shown) ? 'h264-intra' : otherwise;
  return ESSENCES[last];
}

function carries(essence: Essence, target: ProfileTarget, video: VideoStream): boolean {
  const { width, height } = essence.smallest;
  const large = video.width >= width && video.height >= height;
  const matrix = impliedMatrix(video);
  // Programs would no longer take it for what each of them takes the master for.
  const misleads = video.color.matrix === undefined && !isRgb(video) && isAmbiguous(video);
  const named = matrix !== undefined && !misleads && essence.matrices?.includes(matrix) === true;
  const colored = essence.matrices === undefined || named;
  const ranged = essence.fullRange || !isFullRange(video) || isRgb(video);
  const tagged = lostTag(essence, target, video) === undefined && namesExactly(essence, target, video);
  return large && colored && ranged && tagged && (essence.interlaced || fieldsOf(video) === 'progressive');
}

/** Tags with the same meaning (ITU-T H.273), the one that every codec has a code for second. */
const SAME: Readonly<Record<'matrix' | 'primaries' | 'transfer', Readonly<Record<string, string>>>> = {
  matrix: {},
  primaries: { smpte240m: 'smpte170m' },
  transfer: { smpte170m: 'bt709', 'bt2020-10': 'bt709', 'bt2020-12': 'bt709' },
};

/** The tags as the codec states them: where it has no code for one, that of another with the same meaning. */
export function statedTags({ tags }: Essence, color: ColorTags): ColorTags {
  if (tags === undefined) return color;
  const stated = (kind: 'matrix' | 'primaries' | 'transfer') => {
    const value = color[kind];
    return value === undefined || tags[kind].includes(value) ? value : (SAME[kind][value] ?? value);
  };
  return { ...color, matrix: stated('matrix'), primaries: stated('primaries'), transfer: stated('transfer') };
}

/** DNxHR has places for nothing but a matrix: in MXF, labels state the others. */
export const isLabelled = ({ codec }: Essence, { muxer }: ProfileTarget): boolean =>
  codec === 'dnxhd' && muxer === 'mxf';

/** RGB gets the matrix of its conversion. */
const keptTags = (video: VideoStream): ColorTags =>
  isRgb(video) ? { ...video.color, matrix: undefined } : video.color;

/** Whether every tag keeps its name: another one with the same meaning is another one to those who compare. */
function namesExactly(essence: Essence, target: ProfileTarget, video: VideoStream): boolean {
  const own = keptTags(video);
  const { matrix, primaries, transfer } = own;
  const stated = isLabelled(essence, target) ? asLabelled(own) : statedTags(essence, own);
  const isAlias = essence.codec === 'prores' && matrix === 'bt470bg';
  return !isAlias && stated.primaries === primaries && stated.transfer === transfer;
}

/** The first tag of the picture that the codec, or the container for it, has no code for. */
export function lostTag(
  essence: Essence,
  target: ProfileTarget,
  video: VideoStream,
): { kind: string; value: string } | undefined {
  const { tags } = essence;
  if (isLabelled(essence, target)) return unlabelledTag(video.color);
  if (tags === undefined) return undefined;
  const color = statedTags(essence, keptTags(video));
  for (const kind of ['matrix', 'primaries', 'transfer'] as const) {
    const value = color[kind];
    if (value !== undefined && !tags[kind].includes(value)) return { kind, value };
  }
  return undefined;
}
