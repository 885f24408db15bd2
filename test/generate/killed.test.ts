/** Workers and encoders are killed at any moment; PROXYFS_KILLS makes it as many times as one likes. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import t, { type Test } from 'tap';
import { ROOT } from '../../src/base/paths.js';
import { openProject } from '../fixtures/generation.js';
import { damagedFiles, encodersOf, encodesBegun, kill, killsWanted } from '../fixtures/kill-loop.js';
import { hasFfmpeg, makeClip } from '../fixtures/media.js';

const HOST = fileURLToPath(new URL('../fixtures/worker-host.js', import.meta.url));
const KILLS = killsWanted(5);
const CLIPS = 4;
const WORKERS = 2;
t.setTimeout(120_000 + KILLS * 10_000);

function startHost(directory: string) {
  const child = spawn(process.execPath, [HOST, directory], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  return { child, output: () => output, errors: () => errors, ended: once(child, 'close') };
}

const skip = (await hasFfmpeg()) ? false : 'ffmpeg is not installed';

t.test(
  'whoever is killed at whatever moment, no job is lost or done twice, and nothing partial is left',
  { skip },
  async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'proxyfs-killed-'));
    t.teardown(() => rm(directory, { recursive: true, force: true }));
    const state = join(directory, 'state');
    const first = await openProject(directory);
    for (let index = 0; index < CLIPS; index++) {
      const extension = index % 2 === 0 ? 'mov' : 'mp4';
      await makeClip(first.source, `${index}.${extension}`, {
        frames: 20 + index,
        audio: [{ frequency: 300 + index }],
      });
    }
    t.match(await first.prewarm(), Array(CLIPS).fill({ kind: 'queued' }));
    const pool = first.pool.directory;
    first.close();
    const killed = { workers: 0, encoders: 0 };
    let sets = 1;
    for (let round = 0; killed.workers + killed.encoders < KILLS; round++) {
      const host = startHost(directory);
      const isOver = () => host.child.exitCode !== null;
      while (!host.output().includes('working') && !isOver()) await sleep(5);
      // Every other time an encoder first, and then the one who has to deal with it.
      if (round % 2 === 1) {
        while (encodersOf(pool).length === 0 && !isOver()) await sleep(5);
        await sleep(Math.random() * 300);
        if (kill(encodersOf(pool)[0])) killed.encoders += 1;
      }
      await sleep(Math.random() * 1500);
      if (!isOver() && host.child.kill('SIGKILL')) killed.workers += 1;
      await host.ended;
      t.equal(host.errors(), '');
      t.same(damagedFiles(pool), [], `round ${round}`);
      for (const until = Date.now() + 2000; encodersOf(pool).length > 0 && Date.now() < until; ) await sleep(20);
      t.same(encodersOf(pool), [], 'no encoder outlives its worker');
      if (await startAgain(t, directory)) sets += 1;
    }
    t.equal(await finish(t, directory), 0);
    // Nobody is killed any more: what had failed by that alone is made now.
    const retried = await openProject(directory);
    await retried.prewarm({ retryFailed: true });
    retried.close();
    t.equal(await finish(t, directory), 0);
    const after = await openProject(directory);
    t.teardown(() => after.close());
    t.match(after.queue.counts(), { waiting: 0, running: 0, failed: 0, done: CLIPS });
    t.same(after.temporaries(), [], 'no temporary file is left');
    t.equal(after.published().length, CLIPS);
    t.same(damagedFiles(pool), []);
    for (const asset of after.catalog.below(ROOT)) {
      t.equal(after.catalog.variantsOf(asset.id).length, 1);
      t.equal(after.queue.latestOf(asset.id)?.state, 'done', 'catalog and queue agree');
    }
    t.match(await after.prewarm(), Array(CLIPS).fill({ kind: 'already-there' }), 'nothing more is wanted');
    const [begun, most] = [encodesBegun(state), sets * CLIPS + killed.workers * WORKERS + killed.encoders];
    t.comment(
      `${killed.workers} workers and ${killed.encoders} encoders killed, ${sets} sets, ${begun} of at most ${most} encodes`,
    );
    t.ok(begun <= most, 'only what was interrupted is done again');
  },
);

/**
 * When all is made before all kills are done, the proxies are thrown away and wanted again. A job
 * whose encoder was killed three times has failed for good, and says so.
 */
async function startAgain(t: Test, directory: string): Promise<boolean> {
  const project = await openProject(directory);
  try {
    const { waiting, running } = project.queue.counts();
    if (waiting + running > 0) return false;
    for (const { reason } of project.catalog.failures()) t.match(reason, /killed by SIGKILL/);
    rmSync(join(project.pool.directory, 'objects'), { recursive: true });
    t.match(await project.prewarm({ retryFailed: true }), Array(CLIPS).fill({ kind: 'queued' }));
    return true;
  } finally {
    project.close();
  }
}

async function finish(t: Test, directory: string): Promise<number> {
  const last = startHost(directory);
  const [code] = (await last.ended) as [number];
  if (last.errors() !== '') t.fail(last.errors());
  return code;
}
