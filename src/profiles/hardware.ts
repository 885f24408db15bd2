/**
 * H.264 encoders in hardware: how each is asked for the same kind of file that x264
 * makes. Whether one is used is decided by a trial, never by its name being listed. Pure.
 *
 * Their bytes belong to the driver: equal input gives equal pictures, not equal files.
 */

import { type Fields, isFullRange } from './geometry.js';
import { shownVideo } from './look-filter.js';
import { option, type Plan } from './plan.js';
import type { RecipeArgument } from './recipe.js';

export const HARDWARE_KINDS = ['nvenc', 'qsv', 'vaapi', 'videotoolbox'] as const;
export type HardwareKind = (typeof HARDWARE_KINDS)[number];

interface Hardware {
  readonly encoder: string;
  /** Filters behind the conversion to 4:2:0. */
  readonly upload: readonly string[];
  readonly input: readonly RecipeArgument[];
  readonly options: readonly RecipeArgument[];
}

const KEY_FRAMES = 'every frame a key frame, in display order: any cut and any frame is immediate';

const HARDWARE: Readonly<Record<HardwareKind, Hardware>> = {
  nvenc: {
    encoder: 'h264_nvenc',
    upload: [],
    input: [],
    options: [
      option('constant quality', '-preset', 'p4', '-rc', 'constqp', '-qp', '23'),
      // Newer drivers refuse groups of one frame.
      option(KEY_FRAMES, '-g', '2', '-bf', '0', '-forced-idr', '1', '-force_key_frames', 'expr:1'),
      option('the pixel format of the finished file', '-pix_fmt', 'yuv420p'),
    ],
  },
  qsv: {
    encoder: 'h264_qsv',
    upload: ['format=nv12'],
    input: [],
    options: [
      option('constant quality', '-preset', 'veryfast', '-global_quality', '23'),
      option(KEY_FRAMES, '-g', '1', '-bf', '0'),
      option('the form in which the device takes 4:2:0', '-pix_fmt', 'nv12'),
    ],
  },
  vaapi: {
    encoder: 'h264_vaapi',
    upload: ['format=nv12', 'hwupload'],
    input: [option('the encoder of this machine', '-vaapi_device', '/dev/dri/renderD128')],
    options: [option('constant quality', '-rc_mode', 'CQP', '-qp', '23'), option(KEY_FRAMES, '-g', '1', '-bf', '0')],
  },
  videotoolbox: {
    encoder: 'h264_videotoolbox',
    upload: [],
    input: [],
    options: [
      option('a high rate: not every Mac encodes at constant quality', '-b:v', '60M', '-allow_sw', '0'),
      option(KEY_FRAMES, '-g', '1', '-bf', '0'),
      option('the pixel format of the finished file', '-pix_fmt', 'yuv420p'),
    ],
  },
};

/** The smallest picture that all of them take. */
const SMALLEST = { width: 256, height: 144 };

/** What encodes this picture in hardware; undefined where software has to. */
export function hardwareFor(plan: Plan, codec: string, fields: Fields): Hardware | undefined {
  const kind = plan.encoders.hardware;
  const { width, height } = plan.picture;
  const fits = codec === 'h264' && fields === 'progressive' && !isFullRange(shownVideo(plan));
  const large = width >= SMALLEST.width && height >= SMALLEST.height;
  return kind !== undefined && fits && large ? HARDWARE[kind] : undefined;
}

export function encoderOfHardware(kind: HardwareKind): string {
  return HARDWARE[kind].encoder;
}
