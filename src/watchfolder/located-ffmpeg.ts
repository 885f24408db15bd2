/**
 * FFmpeg, asked for what it is once and not for every spec: that takes half a second. Asked
 * again when one of its programs is another file, so that a result never names a build that
 * was replaced while the watcher ran.
 */

import { identityOfPrograms, type ProgramChoice } from '../ffmpeg/programs.js';
import { locateFfmpeg, type Toolchain } from '../ffmpeg/toolchain.js';

export class LocatedFfmpeg {
  readonly #choice: ProgramChoice;
  #located: { readonly toolchain: Toolchain; readonly identity: string } | undefined;

  constructor(choice: ProgramChoice) {
    this.#choice = choice;
  }

  /** Rejects with 'ffmpeg/missing'; that is not remembered. */
  async toolchain(): Promise<Toolchain> {
    // As they were before they were asked: what is replaced meanwhile is asked once more.
    const identity = await identityOfPrograms(this.#choice);
    if (this.#located?.identity === identity) return this.#located.toolchain;
    const toolchain = await locateFfmpeg(this.#choice);
    this.#located = { toolchain, identity };
    return toolchain;
  }
}
