/** A pool that several projects share: what another one uses is not removed. */

import { existsSync } from 'node:fs';
import { mkdtemp, readdir, rm, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { PoolKey, ProjectId } from '../../src/base/ids.js';
import type { RealPath } from '../../src/base/paths.js';
import { openPool } from '../../src/pool/directory-pool.js';
import type { Pool } from '../../src/pool/pool.js';
import { makeProxy, manifestOf } from './sample-manifest.js';

const DAY_MS = 86_400_000;

async function sharedPool(t: Test): Promise<{ directory: RealPath; a: Pool; b: Pool }> {
  const directory = (await mkdtemp(join(tmpdir(), 'proxyfs-shared-'))) as RealPath;
  t.teardown(() => rm(directory, { recursive: true, force: true }));
  const [a, b] = await Promise.all(['a'.repeat(16), 'b'.repeat(16)].map((id) => openPool(directory, id as ProjectId)));
  if (a === undefined || b === undefined) throw new Error('two pools were opened');
  return { directory, a, b };
}

async function publish(pool: Pool): Promise<PoolKey> {
  const manifest = manifestOf({ seed: 'shared' });
  const temporary = pool.temporary('test', manifest.output.extension);
  await makeProxy(temporary, manifest);
  await pool.publish(temporary, manifest);
  return manifest.poolKey;
}

t.test('the first to let go leaves the proxy, the last one takes it along', async (t) => {
  const { a, b } = await sharedPool(t);
  const key = await publish(a);
  await b.claim(key);
  t.same([...(await a.usedByOthers())], [key]);
  t.equal(await a.release(key), false);
  t.ok(await b.find(key), 'its manifest is back in its place');
  t.equal(await b.release(key), true);
  t.equal(await b.find(key), undefined);
});

t.test('a project that nobody has mounted for 90 days keeps nobody from removing', async (t) => {
  const { directory, a, b } = await sharedPool(t);
  const key = await publish(a);
  await b.claim(key);
  const record = (name: string) => join(directory, 'users', name, 'project');
  const names = await readdir(join(directory, 'users'));
  const long = new Date(Date.now() - 91 * DAY_MS);
  for (const name of names.filter((each) => each.startsWith('b'))) await utimes(record(name), long, long);
  t.same([...(await a.usedByOthers())], []);
  t.equal(await a.release(key), true);
});

t.test(
  'claims are brought in line with the catalog, and what nobody claims is found when it is a day old',
  async (t) => {
    const { a, b } = await sharedPool(t);
    const key = await publish(a);
    const later = Date.now() + 2 * DAY_MS;
    t.same(await b.unclaimed(new Set(), later), [], 'somebody uses it');
    await a.syncClaims(() => new Set());
    t.same(await b.unclaimed(new Set([key]), later), [], 'its own project may not have said so yet');
    t.same(await b.unclaimed(new Set()), [], 'it is young');
    t.match(await b.unclaimed(new Set(), later), [{ key, size: Number }]);
    await a.syncClaims((beginning) => new Set(key.startsWith(beginning) ? [key] : []));
    t.same(await b.unclaimed(new Set(), later), []);
  },
);

t.test('of a remover and a user at the same moment nobody is left with a proxy that is gone', async (t) => {
  const { a, b } = await sharedPool(t);
  for (let round = 0; round < 60; round += 1) {
    const key = await publish(a);
    const adopt = async () => {
      await b.claim(key);
      return await b.find(key);
    };
    const [removed, found] = await Promise.all([a.release(key), adopt()]);
    if (found !== undefined) {
      t.notOk(removed, `round ${round}: the user was there first`);
      t.ok(await b.find(key), 'and keeps it');
      t.ok(existsSync(b.fileOf(key, found.output.extension)));
    }
    await b.release(key);
  }
});
