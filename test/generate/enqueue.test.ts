import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import { openProject } from '../fixtures/generation.js';
import { hasFfmpeg, makeClip } from '../fixtures/media.js';

t.setTimeout(120_000);
const skip = (await hasFfmpeg()) ? false : 'ffmpeg is not installed';

t.test(
  'a large master is counted when its proxy is asked for, and a second project takes that proxy',
  { skip },
  async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'proxyfs-enqueue-'));
    t.teardown(() => rm(directory, { recursive: true, force: true }));
    const pool = join(directory, 'pool');
    const first = await openProject(join(directory, 'first'), { readAtMost: 0n, pool });
    t.teardown(() => first.close());
    const clip = await makeClip(first.source, 'large.mxf', { timecode: '01:00:00:00' });
    t.match(await first.prewarm(), [
      { path: 'large.mxf', kind: 'queued', asset: { eligibility: { kind: 'eligible' } } },
    ]);
    t.match(await first.prewarm(), [{ kind: 'queued' }]);
    t.match(first.queue.counts(), { waiting: 1 }, 'asking twice is one job');
    t.match(await first.work(), [{ path: 'large.mxf', outcome: { kind: 'published' } }]);

    const second = await openProject(join(directory, 'second'), { pool });
    t.teardown(() => second.close());
    await copyFile(clip, join(second.source, 'renamed.mxf'));
    t.match(await second.prewarm(), [{ path: 'renamed.mxf', kind: 'adopted' }], 'no job, no encode');
    t.match(second.queue.counts(), { waiting: 0 });
    t.match(await second.prewarm(), [{ kind: 'already-there' }]);
    t.equal(second.published().length, 1);
  },
);
