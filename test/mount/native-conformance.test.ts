import { open, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import type { MountInfo, MountOptions } from '../../src/mount/driver.js';
import { testDriver } from './driver-conformance.js';
import { hostVolume, mountOptions, whyNoMount } from './hosted-volume.js';
import { makeClip, swapTo } from './variant-files.js';

const skip = await whyNoMount();

/** Long enough that only a notification can explain a fresh answer. */
const LONG_CACHE = 600;

interface Configuration {
  readonly title: string;
  readonly disable: MountOptions['disable'];
  readonly passthrough: boolean;
  readonly incEpoch: boolean;
  readonly via: MountInfo['via'];
}

const CONFIGURATIONS: readonly Configuration[] = [
  { title: 'passthrough and epochs', disable: {}, passthrough: true, incEpoch: true, via: 'mount(2)' },
  {
    title: 'reads by native threads',
    disable: { passthrough: true },
    passthrough: false,
    incEpoch: true,
    via: 'mount(2)',
  },
  {
    title: 'entries invalidated one by one',
    disable: { incEpoch: true },
    passthrough: true,
    incEpoch: false,
    via: 'mount(2)',
  },
  {
    title: 'neither passthrough nor epochs, mounted by fusermount3',
    disable: { passthrough: true, incEpoch: true, directMount: true },
    passthrough: false,
    incEpoch: false,
    via: 'fusermount3',
  },
];

for (const { title, disable, passthrough, incEpoch, via } of CONFIGURATIONS) {
  t.test(`the native driver reads, flips and pins like any driver: ${title}`, { skip }, (t) =>
    testDriver(t, {
      driver: 'native',
      options: { disable, cacheSeconds: LONG_CACHE },
      passthrough,
      maps: 'shared',
      flips: 1000,
      checkInfo: (t, info) => t.match(info, { incEpoch, via }),
    }),
  );
}

t.test('with notifications, a cached path shows the new variant after a commit', { skip }, async (t) => {
  const seen = await lookAcrossFlip(t, {});
  t.same(seen, { size: 8_000, variant: 'replacement' });
});

t.test('without notifications the old variant stays, which proves what makes the difference', { skip }, async (t) => {
  const seen = await lookAcrossFlip(t, { coherence: true });
  t.same(seen, { size: 64_000, variant: 'master' });
});

t.test(
  'with writes=demote a write to a replaced file reaches the master, which is served from then on',
  {
    skip,
  },
  async (t) => {
    const volume = await hostVolume(t);
    const clip = await makeClip(volume, 'clip.mov', 64_000, 8_000);
    await volume.mount('native', mountOptions(volume, { writes: 'demote', cacheSeconds: LONG_CACHE }));
    await volume.commit(await swapTo(volume, clip, 'replace'));
    const reader = await open(volume.path('clip.mov'));
    const writer = await open(volume.path('clip.mov'), 'r+');
    await writer.write(Buffer.from('XXXXXXXX'), 0, 8, 0);
    await writer.close();
    t.equal((await readFile(join(volume.source, 'clip.mov'))).subarray(0, 8).toString(), 'XXXXXXXX');
    t.equal((await stat(volume.path('clip.mov'))).size, clip.master.length);
    t.equal((await reader.stat()).size, clip.replacement.length, 'the old handle stays on the replacement');
    t.ok(await volume.event('demoted', 'clip.mov'));
    await reader.close();
    await volume.unmount(false);
  },
);

/** What a path that was looked up before a flip shows after it. */
async function lookAcrossFlip(
  t: Test,
  disable: MountOptions['disable'],
): Promise<{ size: number; variant: 'master' | 'replacement' }> {
  const volume = await hostVolume(t);
  const clip = await makeClip(volume, 'clip.mov', 64_000, 8_000);
  await volume.mount('native', mountOptions(volume, { disable, cacheSeconds: LONG_CACHE }));
  t.ok((await readFile(volume.path('clip.mov'))).equals(clip.master));
  const held = await open(volume.path('clip.mov'));
  const flipped = await volume.commit(await swapTo(volume, clip, 'replace'));
  t.equal(flipped.changed, 1, 'the table has flipped in either case');
  const { size } = await stat(volume.path('clip.mov'));
  const content = await readFile(volume.path('clip.mov'));
  await held.close();
  await volume.unmount(false);
  return { size, variant: content.equals(clip.replacement) ? 'replacement' : 'master' };
}
