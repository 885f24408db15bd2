/**
 * What the extension of a file name says of its content. The table is data: what is not
 * in it is no media. Pure.
 */

import { extname } from 'node:path';

/**
 * - container: FFmpeg can read it and it may hold video: probed
 * - raw: camera originals that only the maker's software decodes
 * - audio, still: known, and never proxied
 */
export type ExtensionKind = 'container' | 'raw' | 'audio' | 'still';

const EXTENSIONS: Readonly<Record<ExtensionKind, readonly string[]>> = {
  container: [
    ...['.mov', '.mp4', '.m4v', '.mxf', '.qt', '.mts', '.m2ts', '.m2t', '.ts', '.avi', '.mkv', '.webm'],
    ...['.mpg', '.mpeg', '.m2v', '.vob', '.mod', '.tod', '.wmv', '.asf', '.flv', '.f4v', '.3gp', '.3g2'],
    ...['.dv', '.ogv', '.gxf', '.lrv', '.lrf', '.insv', '.360'],
  ],
  raw: ['.r3d', '.braw', '.ari', '.arx', '.crm', '.nev', '.cine', '.dng', '.rmf', '.ocn'],
  audio: [
    ...['.wav', '.bwf', '.rf64', '.w64', '.aif', '.aiff', '.aifc', '.caf', '.mp3', '.m4a', '.aac', '.flac'],
    ...['.ogg', '.opus', '.wma', '.ac3', '.eac3', '.dts', '.amr'],
  ],
  still: [
    ...['.jpg', '.jpeg', '.png', '.tif', '.tiff', '.dpx', '.cin', '.exr', '.tga', '.bmp', '.gif', '.webp', '.psd'],
    ...['.heic', '.heif', '.jp2', '.j2k', '.jxl', '.hdr', '.sgi'],
  ],
};

/** Camera RAW with a file for each frame: a minute of film is over a thousand of them. */
const FRAME_FILES: readonly string[] = ['.ari', '.arx', '.dng', '.rmf'];

const KIND_OF = new Map<string, ExtensionKind>(
  (Object.keys(EXTENSIONS) as ExtensionKind[]).flatMap((kind) => EXTENSIONS[kind].map((ext) => [ext, kind] as const)),
);

/** The extension of a path with its dot, in lower case; empty when it has none. */
export function extensionOf(path: string): string {
  return extname(path).toLowerCase();
}

/** What an extension (with its dot, any case) says; undefined for what is no media. */
export function extensionKind(extension: string): ExtensionKind | undefined {
  return KIND_OF.get(extension.toLowerCase());
}

/** Whether a file with this extension (with its dot, any case) is one frame, and never a clip. */
export function isFrameFile(extension: string): boolean {
  return extensionKind(extension) === 'still' || FRAME_FILES.includes(extension.toLowerCase());
}
