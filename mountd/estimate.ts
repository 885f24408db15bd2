/**
 * How large proxies become and how long they take, before they are made: by what was made
 * here lately, else by what the codecs usually need. Pixels are counted, since clips differ
 * in length, size and rate.
 */

import type { MakePlan } from '../src/generate/plan.js';
import { framesOf } from '../src/generate/plan.js';
import type { ProjectFiles } from './project-files.js';

/** Latest proxies that are asked. */
const REMEMBERED = 200;

/**
 * Bits per pixel of the codecs as the profiles use them: the data rates that Apple and Avid
 * state for 1080p (ProRes Proxy 45 Mbit/s and DNxHR LB 36 Mbit/s at 24 to 30 fps), and what x264
 * and FFmpeg's MPEG-2 encoder made of camera footage.
 */
const USUAL_BITS: Readonly<Record<string, number>> = { prores: 0.75, dnxhd: 0.73, h264: 0.6, mpeg2video: 1.2 };
const OTHER_BITS = 1;

export interface Estimate {
  readonly bytes: number;
  /** Of one encoder; null while nothing has been made here to go by. */
  readonly seconds: number | null;
}

interface Made {
  pixels: number;
  bytes: number;
  seconds: number;
}

export class Estimator {
  readonly #made = new Map<string, Made>();

  constructor({ catalog, journal }: ProjectFiles) {
    for (const event of journal.latest({ kinds: ['published'] }, REMEMBERED)) {
      if (event.kind !== 'published' || event.asset === undefined) continue;
      const asset = catalog.get(event.asset);
      const pixels = asset?.media === undefined ? 0 : pixelsOf(asset.media);
      const { profile, seconds, size } = event.facts;
      if (pixels === 0) continue;
      const sum = this.#made.get(profile) ?? { pixels: 0, bytes: 0, seconds: 0 };
      this.#made.set(profile, {
        pixels: sum.pixels + pixels,
        bytes: sum.bytes + size,
        seconds: sum.seconds + seconds,
      });
    }
  }

  /** Whether something of this profile has been made here. */
  knows(profile: string): boolean {
    return this.#made.has(profile);
  }

  of({ media, recipe }: MakePlan, profile: string): Estimate {
    const pixels = pixelsOf(media);
    const made = this.#made.get(profile);
    if (made !== undefined) {
      const share = pixels / made.pixels;
      return { bytes: Math.round(share * made.bytes), seconds: share * made.seconds };
    }
    const { width, height, videoCodec } = recipe.expect;
    const bits = USUAL_BITS[videoCodec] ?? OTHER_BITS;
    return { bytes: Math.round((bits * width * height * (framesOf(media) ?? 0)) / 8), seconds: null };
  }
}

function pixelsOf(media: MakePlan['media']): number {
  const video = media.streams.find((stream) => stream.kind === 'video');
  return video?.kind === 'video' ? video.width * video.height * (video.frames ?? 0) : 0;
}
