import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { blake3 } from '@napi-rs/blake-hash';
import t from 'tap';
import { ROOT } from '../../src/base/paths.js';
import { openProject } from '../fixtures/generation.js';
import { hasFfmpeg, makeClip } from '../fixtures/media.js';

t.setTimeout(180_000);
const HOST = fileURLToPath(new URL('../fixtures/worker-host.js', import.meta.url));
const ROUNDS = 4;

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

/** Every published file is whole: its manifest says so, and so do its bytes. */
function damagedFiles(pool: string): string[] {
  const names = readdirSync(join(pool, 'objects'), { recursive: true, encoding: 'utf8' });
  const manifests = names.filter((name) => name.endsWith('.json'));
  return manifests.filter((name) => {
    const path = join(pool, 'objects', name);
    const { output } = JSON.parse(readFileSync(path, 'utf8')) as { output: { blake3: string; extension: string } };
    const file = path.replace(/\.json$/, output.extension);
    return !existsSync(file) || blake3(readFileSync(file)).toString('hex') !== output.blake3;
  });
}

const skip = (await hasFfmpeg()) ? false : 'ffmpeg is not installed';

t.test(
  'workers killed at any moment leave nothing partial, and the next ones finish every job',
  { skip },
  async (t) => {
    const directory = await mkdtemp(join(tmpdir(), 'proxyfs-killed-'));
    t.teardown(() => rm(directory, { recursive: true, force: true }));
    const clips = 4;
    const first = await openProject(directory);
    for (let index = 0; index < clips; index++) {
      const extension = index % 2 === 0 ? 'mov' : 'mp4';
      await makeClip(first.source, `${index}.${extension}`, {
        frames: 20 + index,
        audio: [{ frequency: 300 + index }],
      });
    }
    t.match(await first.prewarm(), Array(clips).fill({ kind: 'queued' }));
    first.close();
    const pool = first.pool.directory;
    for (let round = 0; round < ROUNDS; round++) {
      const host = startHost(directory);
      while (!host.output().includes('working') && host.child.exitCode === null)
        await new Promise((resolve) => setTimeout(resolve, 5));
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 1500));
      host.child.kill('SIGKILL');
      await host.ended;
      t.equal(host.errors(), '');
      t.same(damagedFiles(pool), [], `round ${round}`);
    }
    const last = startHost(directory);
    const [code] = await last.ended;
    t.equal(code, 0, last.errors());
    t.match(JSON.parse(last.output().split('\n')[1] ?? ''), { waiting: 0, running: 0, failed: 0, done: clips });
    const after = await openProject(directory);
    t.teardown(() => after.close());
    t.same(after.temporaries(), [], 'no temporary file is left');
    t.equal(after.published().length, clips);
    t.same(damagedFiles(pool), []);
    for (const asset of after.catalog.below(ROOT)) t.equal(after.catalog.variantsOf(asset.id).length, 1);
  },
);
