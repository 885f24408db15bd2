import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { AssetId, Fingerprint } from '../../src/base/ids.js';
import { type RealPath, ROOT, type VirtualPath } from '../../src/base/paths.js';
import { createCatalog } from '../../src/catalog/sqlite-catalog.js';
import { silentLogger } from '../../src/log/logger.js';
import { Follower } from '../../src/scan/follow.js';
import { isSilent, mountOf, placementOf } from '../../src/scan/mount-points.js';
import { absentVolumes } from '../../src/scan/offline.js';
import { Scanner } from '../../src/scan/scanner.js';
import { openDatabase } from '../../src/store/database.js';

const v = (path: string) => path as VirtualPath;
const noMounts = (): string | false => {
  try {
    const dir = execFileSync('mktemp', ['-d'], { encoding: 'utf8' }).trim();
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', dir], { stdio: 'ignore' });
    execFileSync('umount', [dir]);
    rmSync(dir, { recursive: true });
    return false;
  } catch {
    return 'needs root to mount';
  }
};
const obstacle = noMounts();

/** A folder in which mounts may be made; whatever is mounted there is unmounted at the end. */
async function ground(t: Test) {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-offline-')));
  const mounted: string[] = [];
  const mount = (what: string, at: string) => {
    const words = what === 'tmpfs' ? ['-t', 'tmpfs', 'tmpfs', at] : ['--bind', what, at];
    execFileSync('mount', words);
    mounted.push(at);
  };
  const unmount = (at: string) => {
    execFileSync('umount', [at]);
    mounted.splice(mounted.lastIndexOf(at), 1);
  };
  t.teardown(() => {
    for (const at of mounted.reverse()) execFileSync('umount', ['-l', at]);
    rmSync(dir, { recursive: true });
  });
  return { dir, mount, unmount };
}

/** A catalog that outlives its follower, as over a restart. */
function work(t: Test, source: string, state: string) {
  const catalog = createCatalog(openDatabase(join(state, 'catalog.db') as RealPath));
  const [examined, touched, news]: [string[], Set<AssetId>, string[]] = [[], new Set(), []];
  const common = { source: source as RealPath, log: silentLogger, hiddenRootNames: [] };
  const scanner = new Scanner({
    ...common,
    catalog,
    settleMs: 0,
    onOffline: ({ kind, place }) => void news.push(`${kind} ${place.kind}`),
    examine: async ({ path, real }) => {
      examined.push(path);
      const fingerprint = readFileSync(real, 'utf8') as Fingerprint;
      return { fingerprint, media: undefined, eligibility: { kind: 'eligible' } };
    },
  });
  const onTouched = (ids: readonly AssetId[]) => {
    for (const id of ids) touched.add(id);
  };
  const follower = new Follower({ ...common, scanner, onTouched, presenceMs: 50 });
  const end = async () => {
    await follower.close();
    catalog.close();
  };
  t.teardown(() => end().catch(() => undefined));
  const names = () => catalog.names(ROOT).map(({ path }) => path);
  const offline = () => scanner.offline.all().map(({ path, kind, names }) => ({ path, kind, names }));
  return { catalog, examined, follower, names, news, offline, scanner, touched, end };
}

async function noticed(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 2000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`it was not noticed: ${condition}`);
    await sleep(10);
  }
}

t.test(
  'a drive below the source that goes away is offline, and costs nothing when it is back',
  { skip: obstacle },
  async (t) => {
    const { dir, mount, unmount } = await ground(t);
    const [source, drive] = [join(dir, 'source'), join(dir, 'drive')];
    for (const folder of ['source/card', 'drive/A001', 'state']) mkdirSync(join(dir, folder), { recursive: true });
    writeFileSync(join(source, 'own.mov'), 'own');
    for (const name of ['one', 'two']) writeFileSync(join(drive, 'A001', `${name}.mov`), name);
    // A bind mount has the device number of what it lies on: that alone tells nothing.
    mount(drive, join(source, 'card'));
    const { catalog, end, examined, follower, names, offline, touched } = work(t, source, join(dir, 'state'));
    await follower.scan(ROOT);
    follower.start();
    await sleep(100);
    const before = names();
    const id = catalog.byPath(v('card/A001/one.mov'))?.id;
    t.same(before, ['card/A001/one.mov', 'card/A001/two.mov', 'own.mov']);
    examined.length = 0;

    unmount(join(source, 'card'));
    await noticed(() => offline().length === 1);
    t.same(offline(), [{ path: 'card', kind: 'unmounted', names: 2 }]);
    // Somebody copies into the empty folder: that is there, and proves nothing of the drive.
    writeFileSync(join(source, 'card', 'stray.mov'), 'stray');
    await noticed(() => catalog.byPath(v('card/stray.mov'))?.eligibility.kind === 'eligible');
    await follower.scan(ROOT);
    t.same(names(), [...before.slice(0, 2), 'card/stray.mov', 'own.mov']);
    rmSync(join(source, 'own.mov'));
    await noticed(() => catalog.byPath(v('own.mov')) === undefined);
    await end();

    // The drive is still away after a restart.
    rmSync(join(source, 'card', 'stray.mov'));
    const second = work(t, source, join(dir, 'state'));
    await second.follower.scan(ROOT);
    second.follower.start();
    await sleep(100);
    t.same(second.offline(), [{ path: 'card', kind: 'unmounted', names: 3 }], 'in doubt a name is kept');
    t.same(second.names(), [...before.slice(0, 2), 'card/stray.mov']);
    rmSync(join(drive, 'A001', 'two.mov'));
    mount(drive, join(source, 'card'));
    await noticed(() => second.offline().length === 0 && second.names().length === 1);
    t.equal(second.catalog.byPath(v('card/A001/one.mov'))?.id, id);
    t.ok(id !== undefined && second.touched.has(id), 'what was left alone is looked at again');
    t.same(
      [...second.examined, ...examined.filter((path) => path.startsWith('card/A'))],
      [],
      'and nothing is examined',
    );
    t.ok(touched.size > 0);
  },
);

t.test('a source whose own drive goes away forgets nothing', { skip: obstacle }, async (t) => {
  const { dir, mount, unmount } = await ground(t);
  const source = join(dir, 'source');
  for (const folder of [source, join(dir, 'state')]) mkdirSync(folder);
  mount('tmpfs', source);
  writeFileSync(join(source, 'a.mov'), 'a');
  const { catalog, examined, follower, news, offline, names, touched } = work(t, source, join(dir, 'state'));
  await follower.scan(ROOT);
  follower.start();
  await sleep(100);
  const asset = catalog.byPath(v('a.mov'));
  unmount(source);
  await noticed(() => offline().length === 1);
  t.same(offline(), [{ path: '', kind: 'unmounted', names: 1 }]);
  t.equal(follower.state.problem, undefined, 'the mount is not to be made anew before the drive is there');
  t.same(names(), ['a.mov']);
  rmSync(source, { recursive: true });
  await noticed(() => offline()[0]?.kind === 'failing');
  for (const folder of [source, join(dir, 'between')]) mkdirSync(folder);
  mount('tmpfs', join(dir, 'between'));
  mount('tmpfs', source);
  // Another device number, another inode: as after a reboot.
  writeFileSync(join(source, 'first.txt'), '');
  writeFileSync(join(source, 'a.mov'), 'a');
  const { mtimeNs } = asset?.master ?? { mtimeNs: 0n };
  execFileSync('touch', [
    '-d',
    `@${mtimeNs / 1_000_000_000n}.${String(mtimeNs % 1_000_000_000n).padStart(9, '0')}`,
    join(source, 'a.mov'),
  ]);
  touched.clear();
  await noticed(() => offline().length === 0);
  await noticed(() => catalog.byPath(v('a.mov'))?.eligibility.kind === 'eligible');
  t.equal(catalog.byPath(v('a.mov'))?.id, asset?.id);
  t.not(catalog.byPath(v('a.mov'))?.identity.dev, asset?.identity.dev);
  t.ok(asset !== undefined && touched.has(asset.id), 'the view hears of its new identity');
  t.ok(examined.length <= 2);
  t.strictSame(news, ['offline unmounted', 'online failing'], 'it went once, and came back once');
  t.match(follower.state.problem, /unmount it and mount it again/, 'a mount still shows the old one');
});

t.test('which storage is missed, and which tells nothing, is read from the table of mounts', async (t) => {
  const table = [
    '20 1 8:1 / / rw - ext4 /dev/sda1 rw',
    '30 20 8:17 / /media/usb rw - exfat /dev/sdb1 rw',
    '31 30 0:50 / /media/usb/show/net rw - nfs4 server:/x rw',
    '32 30 0:51 / /media/usb/show/ours rw - fuse.proxyfs proxyfs:1 rw',
    '33 30 0:52 / /media/usb/show/ntfs rw - fuseblk /dev/sdc1 rw',
  ];
  const source = '/media/usb/show' as RealPath;
  const now = placementOf(source, table.join('\n'));
  t.same([...now.keys()], ['', 'net', 'ntfs']);
  t.equal(mountOf(now, v('net/a.mov'))?.type, 'nfs4');
  t.equal(mountOf(now, v('netting/a.mov'))?.type, 'exfat');
  t.same(
    [...now].map(([path, mount]) => [path, isSilent(mount)]),
    [
      ['', false],
      ['net', true],
      ['ntfs', false],
    ],
  );
  const known = new Map([...now].map(([path, { point }]) => [path, point]));
  t.same(absentVolumes(known, now), []);
  t.same(
    absentVolumes(known, placementOf(source, table.slice(0, 2).join('\n'))).map(({ path }) => path),
    ['net', 'ntfs'],
  );
  t.same(
    absentVolumes(known, placementOf(source, table[0] ?? '')).map(({ path }) => path),
    ['', 'net', 'ntfs'],
  );
});
