/**
 * What the path of a file alone decides about it: structures that only work as a whole,
 * and formats that no proxy can stand in for. Pure.
 */

import { extensionKind, extensionOf } from '../base/media-extension.js';
import type { VirtualPath } from '../base/paths.js';
import type { Eligibility } from './servable.js';

/** Containers for which there are recipes; a proxy must be what its name says. */
const PROXIED_EXTENSIONS: readonly string[] = ['.mov', '.mp4', '.m4v', '.mxf'];

/** GoPro's and DJI's own proxies. */
const CAMERA_PROXIES: readonly string[] = ['.lrv', '.lrf'];

/** Stills of formats in which film is kept: one file for each frame. */
const FILM_FRAMES: readonly string[] = ['.dpx', '.cin', '.exr'];

interface Structure {
  readonly name: string;
  /** Against the whole path in upper case: cards copied elsewhere may have lost the case of their names. */
  readonly pattern: RegExp;
}

/**
 * Index files beside the clips state their length, codec and identity, and tie spanned
 * clips together. By names alone: a verdict that asked for the index files would change
 * while a card is copied. Folders with names of every day (`Contents/Video`, `Clip`) are a
 * card only where the files in them are named as the camera names them.
 */
const CAMERA_CARDS: readonly Structure[] = [
  {
    name: 'Panasonic P2',
    pattern: /(^|\/)CONTENTS\/(VIDEO|AUDIO|AVCLIP|PROXY|VOICE)\/\d[0-9A-Z]{5}(\d\d)?\.[^./]+$/,
  },
  { name: 'Canon XF', pattern: /(^|\/)CONTENTS\/CLIPS\d{3}\// },
  { name: 'Sony XDCAM', pattern: /(^|\/)(XDROOT|PROAV)\// },
  { name: 'Sony XDCAM', pattern: /(^|\/)(CLIP\/C\d{4}|SUB\/C\d{4}S\d\d)\.MXF$/ },
  { name: 'Sony XDCAM EX', pattern: /(^|\/)BPAV\// },
  { name: 'AVCHD', pattern: /(^|\/)BDMV\// },
  { name: 'Sony XAVC', pattern: /(^|\/)M4ROOT\// },
  { name: 'RED', pattern: /\.(RDM|RDC)\// },
];

const AVID_MEDIA = /(^|\/)(AVID MEDIAFILES|OMFI MEDIAFILES)\//;

/** Undefined when the content must be looked at. */
export function classifyPath(path: VirtualPath): Eligibility | undefined {
  const slash = path.lastIndexOf('/');
  const name = path.slice(slash + 1);
  if (name.startsWith('._')) {
    return ineligible('apple-double', 'it is the metadata that macOS keeps beside a file, not media');
  }
  return classifyPlace(path.toUpperCase()) ?? classifyName(name);
}

export function ineligible(code: string, reason: string): Eligibility {
  return { kind: 'ineligible', code, reason };
}

function classifyPlace(place: string): Eligibility | undefined {
  const card = CAMERA_CARDS.find((structure) => structure.pattern.test(place));
  if (card !== undefined) {
    return ineligible(
      'camera-card',
      `it belongs to ${article(card.name)} ${card.name} card, whose files describe each other and stay together`,
    );
  }
  return AVID_MEDIA.test(place)
    ? ineligible('avid-media', 'it is managed by Avid, which identifies media by what is inside')
    : undefined;
}

const article = (name: string): string => (/^[AEIOU]/.test(name) ? 'an' : 'a');

function classifyName(name: string): Eligibility | undefined {
  const extension = extensionOf(name);
  const kind = extensionKind(extension);
  if (kind === 'raw')
    return ineligible('camera-raw', `${extension} is camera RAW: only its maker's software can stand in for it`);
  if (kind === 'audio') return ineligible('audio-only', 'it is sound without a picture; sound is light as it is');
  if (kind === 'still') return classifyStill(name, extension);
  if (CAMERA_PROXIES.includes(extension)) return ineligible('camera-proxy', 'it is a proxy itself, made by the camera');
  if (PROXIED_EXTENSIONS.includes(extension)) return undefined;
  return kind === 'container'
    ? ineligible('container', `there is no proxy format for ${extension} files that editors accept under the same name`)
    : ineligible('not-media', 'it is not a media file');
}

/** Photographs are numbered, too: only the neighbours could tell them from the frames of a film. */
function classifyStill(name: string, extension: string): Eligibility {
  if (!/\d{3,}\.[^.]+$/.test(name)) return ineligible('still', 'it is a still picture');
  return FILM_FRAMES.includes(extension)
    ? ineligible('image-sequence', 'it is a frame of an image sequence')
    : ineligible('still', 'it is a still picture, or a frame of an image sequence');
}
