/**
 * What the path of a file alone decides about it: structures that only work as a whole,
 * and formats that no proxy can stand in for. Pure.
 */

import { extensionKind, extensionOf } from '../base/media-extension.js';
import type { VirtualPath } from '../base/paths.js';
import type { Eligibility } from './servable.js';

/** Containers for which there are recipes; a proxy must be what its name says. */
const PROXIED_EXTENSIONS: readonly string[] = ['.mov', '.mp4', '.m4v', '.mxf'];

interface Structure {
  readonly name: string;
  /** Against the folders of the path in upper case, each ended by `/`. */
  readonly pattern: RegExp;
}

/** Index files beside the clips state their length, codec and identity, and tie spanned clips together. */
const CAMERA_CARDS: readonly Structure[] = [
  { name: 'Panasonic P2', pattern: /(^|\/)CONTENTS\/(VIDEO|AUDIO|CLIP|ICON|PROXY|VOICE|AVCLIP)\// },
  { name: 'Canon XF', pattern: /(^|\/)CONTENTS\/CLIPS\d{3}\// },
  { name: 'Sony XDCAM', pattern: /(^|\/)(XDROOT|PROAV)\// },
  { name: 'Sony XDCAM EX', pattern: /(^|\/)BPAV\// },
  { name: 'AVCHD', pattern: /(^|\/)(AVCHD|BDMV)\// },
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
  return classifyFolder(path.slice(0, slash + 1).toUpperCase()) ?? classifyName(name);
}

export function ineligible(code: string, reason: string): Eligibility {
  return { kind: 'ineligible', code, reason };
}

function classifyFolder(folder: string): Eligibility | undefined {
  const card = CAMERA_CARDS.find((structure) => structure.pattern.test(folder));
  if (card !== undefined) {
    return ineligible(
      'camera-card',
      `it belongs to a ${card.name} card, whose files describe each other and stay together`,
    );
  }
  return AVID_MEDIA.test(folder)
    ? ineligible('avid-media', 'it is managed by Avid, which identifies media by what is inside')
    : undefined;
}

function classifyName(name: string): Eligibility | undefined {
  const extension = extensionOf(name);
  const kind = extensionKind(extension);
  if (kind === 'raw')
    return ineligible('camera-raw', `${extension} is camera RAW: only its maker's software can stand in for it`);
  if (kind === 'audio') return ineligible('audio-only', 'it is sound without a picture; sound is light as it is');
  if (kind === 'still') {
    return /\d{3,}\.[^.]+$/.test(name)
      ? ineligible('image-sequence', 'it is a frame of an image sequence')
      : ineligible('still', 'it is a still picture');
  }
  if (PROXIED_EXTENSIONS.includes(extension)) return undefined;
  return kind === 'container'
    ? ineligible('container', `there is no proxy format for ${extension} files that editors accept under the same name`)
    : ineligible('not-media', 'it is not a media file');
}
