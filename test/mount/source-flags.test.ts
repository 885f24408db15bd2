/** A source that lies on a disk mounted `noexec`: what may not be run there may not be run through the mount. */

import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { toRealPath } from '../../src/base/paths.js';
import { hostVolume, mountOptions, whyNoMount } from './hosted-volume.js';

const run = promisify(execFile);
const skip = await whyNoMount();

for (const [how, disable] of [
  ['mounted directly', {}],
  ['mounted by fusermount3', { directMount: true }],
] as const) {
  t.test(`programs run through a mount where they run on its source, ${how}`, { skip }, async (t) => {
    for (const [options, forbidden] of [
      ['noexec', true],
      ['exec', false],
    ] as const) {
      const disk = await mkdtemp(join(tmpdir(), 'proxyfs-disk-'));
      await run('mount', ['-t', 'tmpfs', '-o', `size=1m,${options}`, 'proxyfs-test', disk]);
      t.teardown(async () => {
        await run('umount', ['-l', disk]);
        await rm(disk, { recursive: true });
      });
      const volume = await hostVolume(t);
      await volume.mount('native', { ...mountOptions(volume, { disable }), source: toRealPath(disk) });
      await writeFile(volume.path('program'), '#!/bin/sh\nexit 0\n', { mode: 0o755 });
      const outcome = await run(volume.path('program')).then(
        () => 'ran',
        (error: NodeJS.ErrnoException) => error.code,
      );
      t.equal(outcome, forbidden ? 'EACCES' : 'ran', `source mounted ${options}`);
      await volume.unmount(false);
    }
  });
}
