/**
 * Where cameras and editors leave proxies of a clip: by name, beside it. Data, and pure.
 *
 * Names only propose; validation against the master decides.
 */

import { basename, dirname, extname, join } from 'node:path';

/** Folders beside the clip: Resolve writes `Proxy`, Premiere `Proxies`, Sony cameras `Sub`. */
const FOLDERS = ['Proxy', 'proxy', 'Proxies', 'proxies', 'Sub', 'SUB', 'sub', '../Sub', '../SUB'];
const EXTENSIONS = ['.mov', '.mp4', '.mxf', '.m4v', '.MOV', '.MP4', '.MXF', '.LRV', '.LRF', '.lrv', '.lrf'];
/** What is added to the stem: Premiere's and Sony's ways. */
const SUFFIXES = ['', '_Proxy', '_proxy', 'S03', 's03'];

/** Paths that may hold a proxy of the clip, relative like `clip` itself, best first, never the clip. */
export function proposedSiblings(clip: string): readonly string[] {
  const folder = dirname(clip);
  const stem = basename(clip, extname(clip));
  const extensions = [...new Set([extname(clip), ...EXTENSIONS])];
  const inFolders = FOLDERS.flatMap((name) => named(join(folder, name), stem, SUFFIXES, extensions));
  const beside = named(folder, stem, ['_Proxy', '_proxy'], extensions);
  const cameras = stemsOfCameras(stem).flatMap((name) => named(folder, name, [''], ['.LRV', '.lrv', '.LRF', '.lrf']));
  return [...new Set([...inFolders, ...beside, ...cameras])].filter((path) => path !== clip && !path.startsWith('..'));
}

/** GoPro pairs GX010123.MP4 with GL010123.LRV; older ones and DJI keep the name. */
function stemsOfCameras(stem: string): readonly string[] {
  return /^G[XH]\d{6}$/i.test(stem) ? [`GL${stem.slice(2)}`, stem] : [stem];
}

function named(folder: string, stem: string, suffixes: readonly string[], extensions: readonly string[]): string[] {
  return suffixes.flatMap((suffix) => extensions.map((extension) => join(folder, `${stem}${suffix}${extension}`)));
}
