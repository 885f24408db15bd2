import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmdirSync,
  statSync,
  truncateSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { Fingerprint, PoolKey, RecipeHash } from '../../src/base/ids.js';
import type { RealPath } from '../../src/base/paths.js';
import { createQueue } from '../../src/jobs/sqlite-queue.js';
import { openPool } from '../../src/pool/directory-pool.js';
import type { Manifest } from '../../src/pool/manifest.js';
import { formatOwner, parseOwner, stateOf, thisProcess } from '../../src/pool/owner.js';
import type { Pool } from '../../src/pool/pool.js';
import { poolKeyOf } from '../../src/pool/pool-key.js';
import { sweepPool } from '../../src/pool/sweep.js';
import { openDatabase } from '../../src/store/database.js';
import { requestOf } from '../jobs/queue-conformance.js';
import { makeProxy, manifestOf } from './sample-manifest.js';

const publisher = new URL('../fixtures/publish-forever.js', import.meta.url).pathname;

async function publish(pool: Pool, manifest: Manifest): Promise<RealPath> {
  const temporary = pool.temporary('job-1', manifest.output.extension);
  await makeProxy(temporary, manifest);
  return await pool.publish(temporary, manifest);
}

async function allManifests(pool: Pool) {
  const damaged: { name: string; reason: string }[] = [];
  const manifests: Manifest[] = [];
  const report = (path: string, reason: string) => damaged.push({ name: path.slice(-10), reason });
  for await (const manifest of pool.manifests(report)) manifests.push(manifest);
  return { manifests, damaged };
}

const temporaryFiles = (pool: Pool) => readdirSync(join(pool.directory, 'tmp'));

t.test('a published proxy is read-only, found by its key, and nothing else is left', async (t) => {
  const pool = await openPool(t.testdir() as RealPath);
  const manifest = manifestOf({ seed: 'a' });
  t.equal(await pool.find(manifest.poolKey), undefined);
  const file = await publish(pool, manifest);
  t.equal(file, pool.fileOf(manifest.poolKey, '.mov'));
  t.equal(file, join(pool.directory, 'objects', manifest.poolKey.slice(0, 2), `${manifest.poolKey}.mov`));
  t.equal(statSync(file).mode & 0o777, 0o444);
  t.same(await pool.find(manifest.poolKey), manifest, 'with its 64-bit values');
  t.same(temporaryFiles(pool), []);
  t.same((await allManifests(pool)).manifests, [manifest]);
  const other = manifestOf({ seed: 'b' });
  await publish(pool, other);
  t.same(await pool.keys(), new Set([manifest.poolKey, other.poolKey]));
});

t.test('publishing an equal key again keeps the first proxy', async (t) => {
  const pool = await openPool(t.testdir() as RealPath);
  const manifest = manifestOf({ seed: 'a' });
  const { ino } = statSync(await publish(pool, manifest));
  t.equal(statSync(await publish(pool, { ...manifest, madeBy: 'another' })).ino, ino);
  t.equal((await pool.find(manifest.poolKey))?.madeBy, 'someone@somewhere');
  t.same(temporaryFiles(pool), []);
});

t.test('two that publish one key at once leave one complete proxy', async (t) => {
  const directory = t.testdir() as RealPath;
  const [one, two] = [await openPool(directory), await openPool(directory)];
  const manifest = manifestOf({ seed: 'a', size: 100_000 });
  await Promise.all([publish(one, manifest), publish(two, manifest), publish(one, manifest)]);
  t.same(await two.find(manifest.poolKey), manifest);
  t.equal(readdirSync(join(directory, 'objects', manifest.poolKey.slice(0, 2))).length, 2);
  t.same(temporaryFiles(one), []);
});

t.test('a file that is not what its manifest says is not published', async (t) => {
  const pool = await openPool(t.testdir() as RealPath);
  const manifest = manifestOf({ seed: 'a' });
  const temporary = pool.temporary('job', '.mov');
  writeFileSync(temporary, 'cut off');
  await t.rejects(pool.publish(temporary, manifest), { code: 'pool/damaged', message: /7 bytes.* says 1000/ });
  t.equal(await pool.find(manifest.poolKey), undefined);
});

t.test('damaged manifests and files are reported, left out, and replaced by the next publication', async (t) => {
  const pool = await openPool(t.testdir() as RealPath);
  const samples = ['garbage', 'foreign', 'no-file', 'short', 'good'].map((seed) => manifestOf({ seed }));
  const [garbage, foreign, missing, short, good] = samples as [Manifest, Manifest, Manifest, Manifest, Manifest];
  for (const manifest of samples) await publish(pool, manifest);
  const json = (manifest: Manifest) => pool.fileOf(manifest.poolKey, '.json');
  writeFileSync(json(garbage), '{"version": 1, "poolKey"');
  writeFileSync(json(foreign), readFileSync(json(good)));
  unlinkSync(pool.fileOf(missing.poolKey, '.mov'));
  truncateSync(pool.fileOf(short.poolKey, '.mov'), 10);
  const { manifests, damaged } = await allManifests(pool);
  t.same(manifests, [good]);
  t.equal(damaged.length, 4);
  const reasons = damaged.map(({ reason }) => reason).join('; ');
  for (const reason of [/expected object/, /another proxy/, /is not there/, /10 bytes instead of 1000/]) {
    t.match(reasons, reason);
  }
  for (const manifest of samples) await publish(pool, manifest);
  t.equal((await allManifests(pool)).damaged.length, 0);
});

t.test('removing a proxy takes file and manifest, and is no error for one that is not there', async (t) => {
  const pool = await openPool(t.testdir() as RealPath);
  const manifest = manifestOf({ seed: 'a' });
  const file = await publish(pool, manifest);
  await pool.remove(manifest.poolKey);
  await pool.remove(manifest.poolKey);
  await pool.remove('ff'.repeat(32) as PoolKey);
  t.equal(await pool.find(manifest.poolKey), undefined);
  t.same(readdirSync(join(file, '..')), []);
});

t.test('the space used counts proxies and manifests, and follows changes', async (t) => {
  const pool = await openPool(t.testdir() as RealPath);
  t.equal((await pool.space()).used, 0);
  const first = await publish(pool, manifestOf({ seed: 'a', size: 50_000 }));
  const shard = join(first, '..');
  const long = new Date(Date.now() - 10_000);
  utimesSync(shard, long, long);
  const { used, free } = await pool.space();
  t.equal(used, 50_000 + statSync(first.replace('.mov', '.json')).size);
  t.ok(free > 0);
  t.equal((await pool.space()).used, used, 'remembered');
  writeFileSync(join(shard, 'new.mov'), '12345');
  t.equal((await pool.space()).used, used + 5, 'until the shard changes');
});

t.test('a sweep removes what dead processes left and nothing of living or unknown ones', async (t) => {
  const pool = await openPool(t.testdir() as RealPath);
  const me = thisProcess();
  const put = (owner: string) => writeFileSync(join(pool.directory, 'tmp', `job.${owner}.abc.mov`), '');
  const dead = spawn(process.execPath, ['-e', '']);
  await once(dead, 'exit');
  put(formatOwner(me));
  put(formatOwner({ ...me, pid: process.ppid, start: '0' }));
  put(formatOwner({ ...me, place: '0123456789ab' }));
  put('somebody');
  put(formatOwner({ ...me, pid: dead.pid ?? 0 }));
  put(formatOwner({ ...me, start: '1' }));
  put(formatOwner({ ...me, boot: '0123456789ab' }));
  t.equal(await pool.sweep(), 3, 'gone, pid used again, and before the last boot');
  t.equal(temporaryFiles(pool).length, 4);
  const inAnHour = Date.now() + 3_700_000;
  t.equal(await sweepPool(pool.directory, inAnHour), 0);
  t.equal(await sweepPool(pool.directory, Date.now() + 8 * 86_400_000), 2, 'unknown owners after a week');
});

t.test('segments that nobody went on with for a week are swept, and folders hold up nothing', async (t) => {
  const pool = await openPool(t.testdir() as RealPath);
  const days = (count: number) => Date.now() + count * 86_400_000;
  const segments = join(pool.directory, 'segments', 'a'.repeat(64));
  mkdirSync(join(segments, 'parts'), { recursive: true });
  writeFileSync(join(segments, '0001.mov'), 'a segment');
  writeFileSync(join(segments, 'parts', '0002.mov'), 'another');
  const [dead, unknown] = [`job.${formatOwner({ ...thisProcess(), start: '1' })}.folder.mov`, 'left-by-hand'];
  for (const name of [dead, unknown]) {
    mkdirSync(join(pool.directory, 'tmp', name));
    writeFileSync(join(pool.directory, 'tmp', name, 'inside.mov'), '');
  }
  writeFileSync(join(pool.directory, 'tmp', `z.${formatOwner({ ...thisProcess(), start: '1' })}.abc.mov`), '');
  t.equal(await pool.sweep(), 2, 'what dead processes left goes at once, folder or file');
  t.equal(await sweepPool(pool.directory, days(6.9)), 0);
  t.ok(existsSync(join(segments, '0001.mov')), 'segments that are younger than a week may be gone on with');
  t.equal(await sweepPool(pool.directory, days(7.1)), 2);
  t.notOk(existsSync(segments));
  t.strictSame(temporaryFiles(pool), []);
});

t.test('a file without a manifest is swept once it is older than any publication', async (t) => {
  const pool = await openPool(t.testdir() as RealPath);
  const manifest = manifestOf({ seed: 'a' });
  await publish(pool, manifest);
  const orphan = manifestOf({ seed: 'b' });
  const target = pool.fileOf(orphan.poolKey, '.mov');
  mkdirSync(join(target, '..'), { recursive: true });
  writeFileSync(target, 'x');
  t.equal(await pool.sweep(), 0);
  t.equal(await sweepPool(pool.directory, Date.now() + 3_700_000), 1);
  t.same(await pool.find(manifest.poolKey), manifest);
});

t.test('an owner survives its name, and a running process is alive', async (t) => {
  const me = thisProcess();
  t.same(parseOwner(`job.1.${formatOwner(me)}.abc.mov`), me);
  t.equal(parseOwner('job.mov'), undefined);
  t.equal(stateOf(me), 'alive');
});

t.test('the key of a proxy depends on master, recipe and encoder, each by itself', async (t) => {
  const key = (a: string, b: string, c: string) => poolKeyOf(a as Fingerprint, b as RecipeHash, c);
  const keys = [key('a', 'b', 'c'), key('ab', '', 'c'), key('', 'ab', 'c'), key('a', 'bc', ''), key('a', 'b', 'd')];
  t.equal(new Set(keys).size, keys.length);
  t.match(keys[0], /^[0-9a-f]{64}$/);
  t.equal(key('a', 'b', 'c'), keys[0]);
});

t.test('a process killed while it publishes and enqueues leaves whole proxies and whole batches', async (t) => {
  const directory = t.testdir() as RealPath;
  const database = join(directory, 'catalog.db') as RealPath;
  const pool = await openPool(join(directory, 'pool') as RealPath);
  let before = 0;
  for (let round = 0; round < 4; round += 1) {
    const child = spawn(process.execPath, [publisher, pool.directory, database], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await once(child.stdout, 'data');
    await new Promise((resolve) => setTimeout(resolve, 10 + round * 17));
    child.kill('SIGKILL');
    await once(child, 'exit');
    const { manifests, damaged } = await allManifests(pool);
    t.same(damaged, []);
    t.ok(manifests.length > before, 'what was published stays');
    before = manifests.length;
    await pool.sweep();
    t.same(temporaryFiles(pool), [], 'and what was not is swept');
    const db = openDatabase(database);
    const { waiting, running } = createQueue(db).counts();
    t.equal(waiting % 20, 0, 'a batch is enqueued completely or not at all');
    t.equal(running, 0, 'interrupted jobs are given back');
    db.close();
  }
});

type Tap = Pick<typeof t, 'equal' | 'same' | 'throws' | 'rejects'>;
const NEEDS_ROOT = 'needs root to mount a small disk';
const canMount = process.getuid?.() === 0 && process.platform === 'linux';

t.test('a full disk is said in a sentence and loses nothing', { skip: canMount ? false : NEEDS_ROOT }, async (t) => {
  const directory = mkdtempSync(join(tmpdir(), 'proxyfs-full-')) as RealPath;
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', directory]);
    try {
      await fillPool(t, directory);
      fillQueue(t, directory);
    } finally {
      execFileSync('umount', [directory]);
    }
  } finally {
    rmdirSync(directory);
  }
});

async function fillPool(t: Tap, directory: RealPath): Promise<void> {
  const pool = await openPool(directory);
  const small = manifestOf({ seed: 'small', size: 200_000 });
  await publish(pool, small);
  const full = manifestOf({ seed: 'full', size: 300_000 });
  const temporary = pool.temporary('job', '.mov');
  await makeProxy(temporary, full);
  const filler = join(directory, 'filler');
  t.throws(() => writeFileSync(filler, Buffer.alloc(1024 * 1024)), { code: 'ENOSPC' });
  await t.rejects(pool.publish(temporary, full), { code: 'system/no-space', message: /choose another with --pool/ });
  t.equal(await pool.find(full.poolKey), undefined, 'it is not published');
  t.same(await pool.find(small.poolKey), small, 'and what was is still there');
  t.equal(temporaryFiles(pool).length, 1, 'the finished file waits');
  unlinkSync(filler);
  await pool.publish(temporary, full);
  t.same(await pool.find(full.poolKey), full, 'and is published once there is space');
}

function fillQueue(t: Tap, directory: RealPath): void {
  const database = openDatabase(join(directory, 'catalog.db') as RealPath);
  try {
    const queue = createQueue(database);
    const requests = Array.from({ length: 5000 }, (_, asset) => requestOf(asset));
    t.throws(() => queue.enqueue(requests), { code: 'system/no-space', message: /free some space/ });
    t.equal(queue.counts().waiting, 0, 'a batch that did not fit is not there');
    queue.enqueue(requests.slice(0, 10));
    t.equal(queue.counts().waiting, 10, 'and a smaller one still fits');
  } finally {
    database.close();
  }
}
