/** A deep check while the drive of the masters answers with errors: the drive is blamed, not the proxies. */

import { execFileSync } from 'node:child_process';
import { mkdtemp, realpath, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { VirtualPath } from '../../src/base/paths.js';
import { verifyOne } from '../../src/cache/verify.js';
import { driveObstacle, mountDrive } from '../fixtures/failing-drive.js';
import { openProject } from '../fixtures/generation.js';
import { makeClip } from '../fixtures/media.js';
import { generationObstacle } from '../fixtures/mount-obstacle.js';

t.setTimeout(180_000);
const obstacle = (await generationObstacle()) ?? driveObstacle();
const skip = obstacle === undefined ? {} : { skip: obstacle };
/** Takes the middle of a file out of memory; its header and its end stay. */
const FORGET =
  'import os,sys\nf=os.open(sys.argv[1],os.O_RDONLY)\nn=os.fstat(f).st_size\nos.posix_fadvise(f,n//4,n//2,os.POSIX_FADV_DONTNEED)';

t.test('a master that its drive does not give leaves its proxy unchecked, and names the drive', skip, async (t) => {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-deep-')));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  const source = join(dir, 'source');
  const drive = await mountDrive(t, dir, source);
  const clip = { frames: 50, audio: [], width: 640, height: 360 };
  await makeClip(source, 'partly.mov', clip);
  await makeClip(source, 'wholly.mov', { ...clip, filter: 'negate' });
  const project = await openProject(dir);
  t.teardown(() => project.close());
  await project.prewarm();
  t.match(await project.work(), [{ outcome: { kind: 'published' } }, { outcome: { kind: 'published' } }]);
  const { book } = project;
  const { signal } = new AbortController();
  const verify = async (name: string, against = name) => {
    const path = against as VirtualPath;
    const asset = project.catalog.byPath(name as VirtualPath);
    const object = book.objects().find(({ owners }) => owners.some((owner) => owner.asset === asset?.id));
    if (object === undefined) throw new Error(`${name} has no proxy`);
    return await verifyOne({ object, path, profile: 'edit' }, { book, pool: project.pool, deep: project, signal });
  };
  t.same([await verify('partly.mov'), await verify('wholly.mov')], [{ kind: 'sound' }, { kind: 'sound' }]);

  const partly = join(source, 'partly.mov');
  t.ok((await stat(partly)).size > 1 << 20, 'large enough for a hole');
  drive.fail([join(source, 'wholly.mov')]);
  execFileSync('python3', ['-c', FORGET, partly]);
  const reason = `the drive ${drive.device} at ${source} answers with errors (EIO)`;
  t.same(await verify('partly.mov'), { kind: 'unchecked', reason }, 'FFmpeg passes over what it cannot read');
  t.same(await verify('wholly.mov'), { kind: 'unchecked', reason }, 'FFmpeg cannot open it');

  drive.recover();
  t.same(await verify('partly.mov'), { kind: 'sound' });
  t.match(
    await verify('partly.mov', 'wholly.mov'),
    { kind: 'damaged', problem: /picture of frame 0: expected that of the master, found/ },
    'of a master that is read a proxy of other pictures is damaged',
  );
  await rm(partly);
  t.same(await verify('partly.mov'), { kind: 'unchecked', reason: 'its master is not there' });
});
