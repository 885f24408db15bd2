/**
 * FFmpeg, asked for what it is once and not for every spec: that takes half a second. Asked
 * again when one of its programs is another file, so that a result never names a build that
 * was replaced while the watcher ran.
 */

import { stat } from 'node:fs/promises';
import { locateFfmpeg, type Toolchain, type ToolchainOptions } from '../ffmpeg/toolchain.js';

export class LocatedFfmpeg {
  readonly #options: ToolchainOptions;
  #located: { readonly toolchain: Toolchain; readonly files: string } | undefined;

  constructor(options: ToolchainOptions) {
    this.#options = options;
  }

  /** Rejects with 'ffmpeg/missing'; that is not remembered. */
  async toolchain(): Promise<Toolchain> {
    if (this.#located !== undefined && (await filesOf(this.#located.toolchain)) === this.#located.files) {
      return this.#located.toolchain;
    }
    const toolchain = await locateFfmpeg(this.#options);
    this.#located = { toolchain, files: await filesOf(toolchain) };
    return toolchain;
  }
}

/** What tells one file from another that took its place. */
async function filesOf({ ffmpeg, ffprobe }: Toolchain): Promise<string> {
  const stats = await Promise.all([ffmpeg, ffprobe].map((path) => stat(path).catch(() => undefined)));
  return stats.map((found) => `${found?.dev}:${found?.ino}:${found?.size}:${found?.mtimeMs}`).join();
}
