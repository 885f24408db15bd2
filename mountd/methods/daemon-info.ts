/** `daemon.info`: what runs here, on what, and what it cannot do. */

import type { Result } from '../../src/control/schema.js';
import type { Daemon } from '../daemon.js';
import { version } from '../version.js';

export async function daemonInfo({ files, profileOf, record, volume }: Daemon): Promise<Result<'daemon.info'>> {
  const { pid, project, source, mountPoint, stateDir, startedAt } = record;
  const { protocol, passthrough, limits } = volume.info;
  return {
    ...{ pid, version, project, source, mountPoint, stateDir, startedAt, protocol, passthrough },
    profile: profileOf([]),
    poolDir: files.locations.poolDir,
    driver: volume.driver,
    limits: [...limits],
  };
}
