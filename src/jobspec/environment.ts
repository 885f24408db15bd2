/** What a job ran on, as far as it decides which bytes come out. */

import { arch, platform, release } from 'node:os';
import process from 'node:process';
import { version } from '../base/version.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import { blake3OfParts } from '../fingerprint/blake3.js';
import type { Engine } from '../profiles/profile.js';
import type { Environment } from './result.js';

export function environmentOf(toolchain: Toolchain | undefined, engine: Engine | undefined): Environment {
  const configuration = toolchain === undefined ? undefined : blake3OfParts([toolchain.build]);
  const deciding = [version, configuration ?? '', engine ?? '', platform(), arch()];
  return {
    fingerprint: blake3OfParts(['proxyfs environment 1', ...deciding]),
    proxyfs: version,
    node: process.version,
    ffmpeg:
      toolchain === undefined || configuration === undefined
        ? null
        : { version: toolchain.version, configuration_hash: configuration },
    engine: engine ?? null,
    os: { platform: platform(), release: release(), arch: arch() },
  };
}
