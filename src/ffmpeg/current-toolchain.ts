/**
 * The toolchain of a process that outlives an update of FFmpeg: another program in its place is asked
 * anew what it is, since its build is part of what proxies are known by.
 *
 * Concurrency: one look at a time; whoever asks meanwhile waits for it.
 */

import type { Logger } from '../log/logger.js';
import type { Toolchain } from './toolchain.js';

export interface CurrentToolchainOptions {
  /** Throws 'ffmpeg/missing'. */
  readonly locate: () => Promise<Toolchain>;
  /** Differs when other programs would be located now. Throws when there are none. */
  readonly identify: () => Promise<string>;
  readonly log: Logger;
}

export class CurrentToolchain {
  readonly #options: CurrentToolchainOptions;
  #toolchain: Toolchain;
  /** Of the programs that were asked. */
  #identity: string;
  #looking: Promise<void> | undefined;

  private constructor(options: CurrentToolchainOptions, toolchain: Toolchain, identity: string) {
    this.#options = options;
    this.#toolchain = toolchain;
    this.#identity = identity;
  }

  static async open(options: CurrentToolchainOptions): Promise<CurrentToolchain> {
    // As they were before they were asked: what is replaced meanwhile is asked once more.
    const identity = await options.identify();
    const toolchain = await options.locate();
    return new CurrentToolchain(options, toolchain, identity);
  }

  get toolchain(): Toolchain {
    return this.#toolchain;
  }

  /** As it is now. Never rejects: where the new program does not run (yet), the jobs find that by themselves. */
  async renew(): Promise<Toolchain> {
    this.#looking ??= this.#look().finally(() => {
      this.#looking = undefined;
    });
    await this.#looking;
    return this.#toolchain;
  }

  async #look(): Promise<void> {
    const { identify, locate, log } = this.#options;
    try {
      const identity = await identify();
      if (identity === this.#identity) return;
      const before = this.#toolchain;
      const now = await locate();
      [this.#toolchain, this.#identity] = [now, identity];
      if (now.build === before.build) return;
      log.info(
        { before: before.version, now: now.version },
        'FFmpeg was replaced: proxies are made with the new one, those that are there stay',
      );
    } catch (err) {
      log.warn({ err }, 'FFmpeg is not there, or is being replaced; it is looked at again before the next job');
    }
  }
}
