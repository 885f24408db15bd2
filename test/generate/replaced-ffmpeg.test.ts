/** FFmpeg is updated while it encodes: no proxy is known by a build that made a part of it. */

import { readdirSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t from 'tap';
import type { RealPath } from '../../src/base/paths.js';
import { CurrentToolchain } from '../../src/ffmpeg/current-toolchain.js';
import { identityOfPrograms } from '../../src/ffmpeg/programs.js';
import { locateFfmpeg } from '../../src/ffmpeg/toolchain.js';
import { type FinishedJob, WorkerPool } from '../../src/generate/worker-pool.js';
import { silentLogger as log } from '../../src/log/logger.js';
import { openProject } from '../fixtures/generation.js';
import { hasFfmpeg, makeClip } from '../fixtures/media.js';
import { LONG, manifestOf } from '../fixtures/segmenting.js';

t.setTimeout(180_000);
const skip = (await hasFfmpeg()) ? {} : { skip: 'ffmpeg is not installed' };

/** Once it is asked to make something and a `next` lies beside it, that one takes its place. */
async function writeProgram(path: string, version: string, first: string): Promise<void> {
  const real = `"\${FFMPEG_PATH:-ffmpeg}"`;
  await writeFile(
    path,
    `#!/bin/sh
case "$*" in
  -version) ${real} -version | sed "1s/version [^ ]*/version ${version}/"; exit ;;
  *"-f null"*) ;;
  *) [ ! -e "$(dirname "$0")/next" ] || { mv "$(dirname "$0")/next" "$0"; ${first}; } ;;
esac
exec ${real} "$@"
`,
  );
  await chmod(path, 0o755);
}

for (const [title, segmentSeconds, first] of [
  ['in one piece', undefined, 'true'],
  ['in segments', 2, 'true'],
  // What two builds made of it is no evidence against the clip.
  ['in a way that fails', undefined, 'echo "Invalid argument" >&2; exit 1'],
] as const) {
  t.test(`a clip that was being encoded ${title} is made anew by the new FFmpeg`, skip, async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'proxyfs-replaced-'));
    t.teardown(() => rm(directory, { recursive: true, force: true }));
    const ffmpeg = join(directory, 'ffmpeg') as RealPath;
    await writeProgram(ffmpeg, '1-former', first);
    const project = await openProject(directory, { ffmpeg });
    t.teardown(() => project.close());
    await makeClip(project.source, 'long.mov', LONG);
    const choice = { ffmpegPath: ffmpeg };
    const current = await CurrentToolchain.open({
      locate: () => locateFfmpeg(choice),
      identify: () => identityOfPrograms(choice),
      log,
    });
    await project.prewarm();
    await writeProgram(join(directory, 'next'), '2-newer', 'true');
    const finished: FinishedJob[] = [];
    const generation = {
      ...project,
      segmentSeconds,
      get toolchain() {
        return current.toolchain;
      },
      renewToolchain: () => current.renew(),
    };
    const onFinished = (job: FinishedJob) => finished.push(job);
    const workers = new WorkerPool(generation, { workers: 1, reserveBytes: 0, onFinished });
    t.teardown(() => workers.stop());
    await workers.start();
    while (!finished.some(({ outcome }) => ['published', 'failed'].includes(outcome.kind))) await sleep(20);
    const reasons = finished.map(({ outcome }) => ('reason' in outcome ? outcome.reason : outcome.kind));
    t.ok(reasons.includes('FFmpeg was replaced while the proxy was made'), reasons.join(', '));
    t.equal(reasons.at(-1), 'published');
    t.match((await manifestOf(project))?.ffmpeg, /^ffmpeg version 2-newer /);
    t.equal(project.published().length, 1);
    t.same(project.temporaries(), []);
    if (segmentSeconds !== undefined) t.same(readdirSync(join(project.pool.directory, 'segments')), []);
  });
}
