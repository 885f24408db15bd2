/**
 * A trial mount: what the drivers really do here, instead of what versions promise.
 *
 * A file of a temporary source is read through the mount. Everything that touches
 * the mount is asynchronous: the portable driver answers on this very thread.
 */

import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toProxyfsError } from '../../src/base/error.js';
import { type RealPath, toRealPath } from '../../src/base/paths.js';
import type { MountInfo } from '../../src/mount/driver.js';
import { type ChosenDriver, chooseDriver } from '../../src/mount/drivers.js';
import { type Check, fail, ok, warn } from './check.js';

const CONTENT = 'read through the mount';

export async function checkMounting(): Promise<readonly Check[]> {
  const name = 'mounting';
  try {
    const driver = await chooseDriver('auto');
    const info = await tryMount(driver);
    const finding = `a trial mount works (FUSE ${info.protocol}, ${info.via}); ${driver.reason}`;
    const nativeWayOut = "build the addon with 'npm run install' (needs g++, make and python3)";
    return [
      driver.kind === 'native' ? ok(name, finding) : warn(name, finding, nativeWayOut),
      ...(driver.kind === 'native' ? [checkPassthrough(info)] : []),
    ];
  } catch (error) {
    return [fail(name, toProxyfsError(error).message, 'without a mount nothing can be served')];
  }
}

async function tryMount(driver: ChosenDriver): Promise<MountInfo> {
  const folder = toRealPath(await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-doctor-'))));
  const [source, mountPoint] = [join(folder, 'source') as RealPath, join(folder, 'mount') as RealPath];
  try {
    await mkdir(source);
    await mkdir(mountPoint);
    await writeFile(join(source, 'file'), CONTENT);
    const volume = await driver.mount({
      source,
      mountPoint,
      fsName: 'proxyfs-doctor',
      hiddenRootNames: [],
      writes: 'deny',
      allowOther: false,
      disable: {},
    });
    try {
      const seen = await readFile(join(mountPoint, 'file'), 'utf8');
      if (seen !== CONTENT) throw new Error(`the trial mount served other bytes than its source`);
    } finally {
      await volume.unmount({ force: true });
      await volume.closed;
    }
    return volume.info;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function checkPassthrough(info: MountInfo): Check {
  const name = 'passthrough';
  if (info.passthrough) return ok(name, 'the kernel reads the files itself');
  const why = info.limits.join(' ') || 'the kernel did not offer it';
  return warn(
    name,
    why,
    'it needs Linux 6.9 or newer and root (CAP_SYS_ADMIN); without it reads are slower, not different',
  );
}
