/** The parts that make proxies, from the settings of a daemon. */

import { systemClock } from '../src/base/clock.js';
import { CurrentToolchain } from '../src/ffmpeg/current-toolchain.js';
import { identityOfPrograms } from '../src/ffmpeg/programs.js';
import { locateFfmpeg, type Toolchain } from '../src/ffmpeg/toolchain.js';
import type { Generation } from '../src/generate/generation.js';
import { withHardware } from '../src/generate/try-hardware.js';
import { createExamine } from '../src/scan/examine.js';
import { Scanner } from '../src/scan/scanner.js';
import type { ProductionOptions } from './production-options.js';
import { HIDDEN_NAME } from './project-files.js';
import { eventOfOffline } from './record-job.js';

/** Rejects with `ffmpeg/missing`. */
export async function prepareGeneration(options: ProductionOptions): Promise<Generation> {
  const { files, source, profile, settings, log } = options;
  const choice = { ffmpegPath: settings.ffmpegPath };
  const locate = async () => await withHardware(await locateFfmpeg(choice), settings.hardware, log);
  const current = await CurrentToolchain.open({ locate, identify: () => identityOfPrograms(choice), log });
  const { catalog, looks, pool, queue } = files;
  const { pictureChecks, pictures: makesPictures, segmentSeconds } = settings;
  const stallMs = settings.stallSeconds * 1000;
  const work = { source, catalog, queue, pool, looks, profile };
  return {
    ...work,
    get toolchain() {
      return current.toolchain;
    },
    renewToolchain: () => current.renew(),
    refuse: options.refuse,
    log,
    clock: systemClock,
    stallMs,
    pictureChecks,
    makesPictures,
    segmentSeconds,
  };
}

export function createScanner(
  { files, source, settings, log, isBeingWritten }: ProductionOptions,
  toolchain: Toolchain,
): Scanner {
  return new Scanner({
    source,
    catalog: files.catalog,
    examine: createExamine(toolchain),
    log,
    hiddenRootNames: [HIDDEN_NAME],
    concurrency: settings.scanParallelism,
    settleMs: settings.settleMs,
    isBeingWritten: ({ identity }) => isBeingWritten(identity),
    onOffline: (news) => files.journal.record(eventOfOffline(news)),
  });
}
