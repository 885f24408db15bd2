import { appendFile, mkdir, mkdtemp, readFile, rm, stat, truncate, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { ProxyfsError } from '../../src/base/error.js';
import type { AssetId } from '../../src/base/ids.js';
import type { RealPath, VirtualPath } from '../../src/base/paths.js';
import { Flipper } from '../../src/flip/flip.js';
import { waitForHandles } from '../../src/flip/handles.js';
import type { ModeStore } from '../../src/flip/mode-store.js';
import { onOwnMount } from '../../src/flip/own-mount.js';
import { Ready, type ReadyPolicy } from '../../src/flip/ready.js';
import { Serving } from '../../src/flip/serving.js';
import { sampleOf } from '../../src/flip/verify.js';
import { distinctMtime, type ViewSource } from '../../src/flip/view-source.js';
import { silentLogger } from '../../src/log/logger.js';
import type { OpenHandle } from '../../src/mount/driver.js';
import type { ModeState } from '../../src/view/mode.js';
import { changeMode } from '../../src/view/mode-change.js';
import { resolveView } from '../../src/view/resolve.js';
import type { ServableAsset } from '../../src/view/servable.js';
import { type FakeFile, FakeVolume } from '../fixtures/fake-volume.js';

const POLICY = { missing: 'master', mtime: 'distinct' } as const;
const NOBODY = 2 ** 22 + 1;
const NAMES = ['a.mov', 'b.mov', 'c.mov'].map((name) => name as VirtualPath);

interface Stage {
  readonly volume: FakeVolume;
  readonly flipper: Flipper;
  readonly ready: Ready;
  readonly modes: ModeStore & { saved: number; failSave?: boolean };
  readonly assets: ServableAsset[];
  /** Whose proxies are to be made again. */
  readonly gone: AssetId[];
  readonly dir: string;
  served(path: string): Promise<string>;
}

/** Three clips, the first two with proxies, in proxy mode. */
async function stage(
  t: Test,
  options: { hooks?: readonly string[]; ready?: ReadyPolicy; heldMs?: number } = {},
): Promise<Stage> {
  const dir = await mkdtemp(join(tmpdir(), 'proxyfs-flip-'));
  t.teardown(() => rm(dir, { recursive: true }));
  const [source, mount] = await Promise.all(['source', 'mount'].map((name) => makeFolder(dir, name)));
  const assets = await Promise.all(NAMES.map((name, index) => makeAsset(dir, name, index)));
  const files: FakeFile[] = assets.map(({ identity, paths }) => ({ identity, path: paths[0]! }));
  const volume = new FakeVolume(source!, mount!, files);
  await volume.showAll();
  const modes = memoryModes({ base: 'proxy', overrides: new Map(), pinned: undefined });
  const serving = new Serving(volume);
  const viewSource = sourceOf(assets);
  const common = { serving, source: viewSource, modes, policy: POLICY, log: silentLogger };
  const gone: AssetId[] = [];
  const flipper = new Flipper({
    ...common,
    sourceDir: source!,
    hooks: options.hooks ?? [],
    onGone: (ids) => gone.push(...ids),
  });
  const ready = new Ready({ ...common, flipper, ready: options.ready ?? 'idle', heldMs: options.heldMs });
  volume.onEvent((event) => event.kind === 'idle' && ready.onIdle(event.asset));
  await flipper.establish(resolveView(viewSource.all(), modes.state, POLICY));
  t.teardown(() => ready.close());
  const served = async (path: string) => (await readFile(join(mount!, path), 'utf8')).slice(0, 40);
  return { volume, flipper, ready, modes, assets, gone, dir, served };
}

t.test('a flip serves the other variants, nudges, verifies and reports', async (t) => {
  const { flipper, modes, served, dir } = await stage(t, {
    hooks: [`env | grep ^PROXYFS > "$PROXYFS_SOURCE/../hook"`],
  });
  t.match(await served('a.mov'), /^proxy 0/);
  const report = await flipper.flip({ kind: 'base', mode: 'master' });
  t.match(report, { changed: 2, verified: 2, nudged: 2, stayedMasterCount: 0, state: { base: 'master' } });
  t.equal(modes.state.base, 'master');
  t.match(await served('a.mov'), /^master a/);
  t.match(await readFile(join(dir, 'hook'), 'utf8'), /PROXYFS_MODE=master/);
  t.match(report.hooks, [{ exitCode: 0 }]);
  const back = await flipper.flip({ kind: 'base', mode: 'proxy' });
  t.match(back, {
    changed: 2,
    stayedMasterCount: 1,
    stayedMaster: [{ path: 'c.mov', reason: 'no proxy yet (encoding)' }],
  });
  t.equal(back.epoch, report.epoch + 1);
  const idle = await flipper.flip({ kind: 'base', mode: 'proxy' });
  t.match(idle, { changed: 0, verified: 0, nudged: 0, hooks: [] }, 'nothing to change, nothing done');
});

t.test('a flip of some paths leaves the others as they are', async (t) => {
  const { flipper, served, modes } = await stage(t);
  const report = await flipper.flip({ kind: 'set', mode: 'master', paths: ['b.mov' as VirtualPath] });
  t.match(report, { changed: 1, verified: 1, stayedMasterCount: 0 });
  t.match([await served('a.mov'), await served('b.mov')], [/^proxy/, /^master/]);
  await flipper.flip({ kind: 'clear', paths: ['b.mov' as VirtualPath] });
  t.match(await served('b.mov'), /^proxy/);
  t.equal(modes.state.overrides.size, 0);
});

t.test('a commit that the driver refuses leaves mode and view as they were', async (t) => {
  const { flipper, modes, served, volume } = await stage(t);
  volume.failCommits = 1;
  await t.rejects(flipper.flip({ kind: 'base', mode: 'master' }), {
    code: 'flip/rolled-back',
    message: /the device said no/,
  });
  t.equal(modes.state.base, 'proxy');
  t.equal(modes.saved, 0);
  t.match(await served('a.mov'), /^proxy/);
  t.match(await flipper.flip({ kind: 'base', mode: 'master' }), { changed: 2 }, 'and the next flip starts from there');
});

t.test('a proxy that was deleted from the pool holds up its own clip alone', async (t) => {
  const { dir, flipper, gone, modes, served } = await stage(t);
  await flipper.flip({ kind: 'base', mode: 'master' });
  await rm(join(dir, 'pool-0.mov'));
  t.match(await flipper.flip({ kind: 'base', mode: 'proxy' }), {
    changed: 1,
    stayedMasterCount: 2,
    stayedMaster: [{ path: 'a.mov', reason: 'no proxy yet (it is gone from the pool)' }, { path: 'c.mov' }],
  });
  t.equal(modes.state.base, 'proxy');
  t.match([await served('a.mov'), await served('b.mov')], [/^master a/, /^proxy/]);
  t.same(gone, [1], 'it is to be made again');
});

t.test('a path that does not serve what it should undoes the flip', async (t) => {
  const { flipper, modes, served, volume, dir } = await stage(t);
  volume.corrupt = async (path) => {
    if (path === 'b.mov' && volume.swapAt(path)?.kind === 'master')
      await writeFile(join(dir, 'mount', path), 'garbage');
  };
  await t.rejects(flipper.flip({ kind: 'base', mode: 'master' }), {
    code: 'flip/verify-failed',
    message: /'b\.mov'.*7 bytes instead of/,
    details: { mismatches: [{ path: 'b.mov' }] },
  });
  t.equal(modes.state.base, 'proxy');
  t.match([await served('a.mov'), await served('b.mov')], [/^proxy/, /^proxy/]);
  volume.corrupt = async (path) => {
    const shown = join(dir, 'mount', path);
    if (path === 'a.mov') await truncate(shown, (await stat(shown)).size - 1).then(() => appendFile(shown, 'X'));
  };
  const flipped = flipper.flip({ kind: 'base', mode: 'master' });
  await t.rejects(flipped, { message: /'a\.mov'.*content differs at offset/ }, 'the last byte counts');
  volume.corrupt = undefined;
  t.match(await flipper.flip({ kind: 'base', mode: 'master' }), { changed: 2, verified: 2 });
});

t.test('a mode that cannot be recorded undoes the flip', async (t) => {
  const { flipper, modes, served } = await stage(t);
  modes.failSave = true;
  await t.rejects(flipper.flip({ kind: 'base', mode: 'master' }), {
    code: 'flip/rolled-back',
    message: /disk is full/,
  });
  t.match(await served('a.mov'), /^proxy/);
});

t.test('an undo that fails says what to do', async (t) => {
  const { flipper, modes, volume } = await stage(t);
  modes.failSave = true;
  const commit = volume.commit.bind(volume);
  volume.commit = (changes) => {
    volume.failCommits = volume.commits.length > 1 ? 1 : 0;
    return commit(changes);
  };
  await t.rejects(flipper.flip({ kind: 'base', mode: 'master' }), {
    code: 'flip/rolled-back',
    message: /mount the project again/,
  });
});

t.test('flips that come at the same time are carried out one after the other', async (t) => {
  const { flipper, modes, served } = await stage(t);
  const reports = await Promise.all(
    (['master', 'proxy', 'master', 'proxy', 'master'] as const).map((mode) => flipper.flip({ kind: 'base', mode })),
  );
  t.same(
    reports.map(({ changed }) => changed),
    [2, 2, 2, 2, 2],
  );
  t.equal(modes.state.base, 'master');
  t.match(await served('a.mov'), /^master/);
});

t.test('handles on the old variant are reported, and can be waited for', async (t) => {
  const { flipper, volume } = await stage(t);
  const close = volume.hold('a.mov' as VirtualPath, NOBODY);
  const closeOwn = volume.hold('b.mov' as VirtualPath, process.pid);
  const report = await flipper.flip({ kind: 'base', mode: 'master' });
  t.match(report.handles, [{ path: 'a.mov', variant: 'replacement', outdated: true, pid: NOBODY }]);
  t.equal(report.handles.length, 1, 'the daemon is not its own obstacle');
  const told: (readonly OpenHandle[])[] = [];
  const { signal } = new AbortController();
  const waiting = waitForHandles(volume, { signal, onProgress: (handles) => told.push(handles) });
  setTimeout(close, 50);
  await waiting;
  t.equal(told.length, 1);
  closeOwn();
  const closeLate = volume.hold('a.mov' as VirtualPath, NOBODY);
  await flipper.flip({ kind: 'base', mode: 'proxy' });
  const aborted = waitForHandles(volume, { signal: AbortSignal.timeout(30), onProgress: () => undefined });
  await t.rejects(aborted, { name: 'TimeoutError' }, 'a caller may stop waiting');
  closeLate();
});

t.test('a proxy that becomes ready waits for the last handle, unless the policy says otherwise', async (t) => {
  for (const policy of ['idle', 'auto', 'flush'] as const) {
    const { assets, dir, flipper, ready, served, volume } = await stage(t, { ready: policy });
    const close = volume.hold('c.mov' as VirtualPath, NOBODY);
    await publish(dir, assets, 2);
    ready.touch([3 as AssetId]);
    await ready.settle();
    t.match(await served('c.mov'), policy === 'auto' ? /^proxy/ : /^master/, `${policy}: while it is held`);
    close();
    await ready.settle();
    t.match(await served('c.mov'), policy === 'flush' ? /^master/ : /^proxy/, `${policy}: after it was closed`);
    const report = await flipper.flush([]);
    t.equal(report.changed, policy === 'flush' ? 1 : 0);
    t.match(await served('c.mov'), /^proxy/, `${policy}: after a flush`);
  }
});

t.test('a proxy that waits for a file to be closed is served also when nothing tells of the close', async (t) => {
  const { assets, dir, ready, served, volume } = await stage(t, { heldMs: 20 });
  volume.isSilent = true;
  const close = volume.hold('c.mov' as VirtualPath, NOBODY);
  await publish(dir, assets, 2);
  ready.touch([3 as AssetId]);
  await ready.settle();
  await sleep(100);
  t.match(await served('c.mov'), /^master/, 'while it is held');
  close();
  for (let left = 200; left > 0 && !(await served('c.mov')).startsWith('proxy'); left -= 1) await sleep(20);
  t.match(await served('c.mov'), /^proxy/, 'after it was closed');
});

t.test('a flush serves a proxy also where somebody holds the master', async (t) => {
  const { assets, dir, flipper, ready, volume } = await stage(t);
  volume.hold('c.mov' as VirtualPath, NOBODY);
  await publish(dir, assets, 2);
  ready.touch([3 as AssetId]);
  await ready.settle();
  const report = await flipper.flush(['c.mov' as VirtualPath]);
  t.match(report, { changed: 1, verified: 1, handles: [{ path: 'c.mov', variant: 'master' }] });
});

t.test('a master that changed, and an asset that went, leave the view at once', async (t) => {
  const { assets, dir, ready, served, volume } = await stage(t, { ready: 'flush' });
  volume.hold('a.mov' as VirtualPath, NOBODY);
  await writeFile(join(dir, 'source', 'a.mov'), 'master a, second take');
  await volume.showAll();
  t.match(await served('a.mov'), /second take/, 'the data plane does not wait for the control plane');
  assets[0] = { ...(await makeAsset(dir, NAMES[0]!, 0, false)), proxy: assets[0]!.proxy };
  assets.splice(1, 1);
  ready.touch([1 as AssetId, 2 as AssetId]);
  await ready.settle();
  t.match(await served('a.mov'), /second take/);
  t.equal(volume.swapAt('a.mov' as VirtualPath)?.kind, 'master');
  t.equal(volume.swapAt('b.mov' as VirtualPath), undefined, 'an asset that is gone is an ordinary file again');
});

t.test('a hook that fails or hangs in the background is reported and undoes nothing', async (t) => {
  const { flipper, served } = await stage(t, { hooks: ['echo no share >&2; exit 3', 'sleep 60 & echo started'] });
  const started = performance.now();
  const { hooks } = await flipper.flip({ kind: 'base', mode: 'master' });
  t.match(hooks, [
    { exitCode: 3, output: 'no share' },
    { exitCode: 0, output: 'started' },
  ]);
  t.ok(performance.now() - started < 20_000);
  t.match(await served('a.mov'), /^master/);
});

t.test('calls into the own mount are few at a time and never wait for ever', async (t) => {
  let [running, most] = [0, 0];
  const work = async (item: number) => {
    most = Math.max(most, ++running);
    await new Promise((resolve) => setTimeout(resolve, 5));
    running -= 1;
    return item * 2;
  };
  t.same(await onOwnMount([1, 2, 3, 4, 5], work, { timeoutMs: 1000 }), [2, 4, 6, 8, 10]);
  t.equal(most, 2);
  const hung = onOwnMount([1], () => new Promise<never>(() => undefined), { timeoutMs: 20 });
  await t.rejects(hung, { code: 'system/io' });
});

t.test('a sample has both ends, and a proxy shows an mtime of its own', (t) => {
  const items = Array.from({ length: 1000 }, (_, index) => index);
  const sample = sampleOf(items, 16);
  t.match([sample.length, sample[0], sample.at(-1)], [16, 0, 999]);
  const times = ['00000000', '0000003b', 'ffffffff'].map((key) => distinctMtime(100_000_000_001n, key));
  t.same(times, [98_000_000_001n, 39_000_000_001n, distinctMtime(100_000_000_001n, 'ffffffff')]);
  t.end();
});

async function makeFolder(dir: string, name: string): Promise<RealPath> {
  await mkdir(join(dir, name));
  return join(dir, name) as RealPath;
}

async function makeAsset(dir: string, name: VirtualPath, index: number, write = true): Promise<ServableAsset> {
  const file = join(dir, 'source', name);
  if (write) await writeFile(file, `master ${name}\n${'m'.repeat(200_000)}`);
  if (write) await utimes(file, 1_700_000_000, 1_700_000_000.5);
  const { dev, ino, size, mtimeNs } = await stat(file, { bigint: true });
  const asset: ServableAsset = {
    id: (index + 1) as AssetId,
    identity: { dev, ino },
    paths: [name],
    master: { size, mtimeNs },
    eligibility: { kind: 'eligible' },
    proxy: undefined,
    pending: 'encoding',
  };
  return write && index < 2 ? await withProxy(dir, asset, index) : asset;
}

async function withProxy(dir: string, asset: ServableAsset, index: number): Promise<ServableAsset> {
  const file = join(dir, `pool-${index}.mov`) as RealPath;
  await writeFile(file, `proxy ${index}\n${'p'.repeat(100_000)}`);
  return { ...asset, proxy: { file, profile: 'edit', mtimeNs: 1n, guard: asset.master }, pending: undefined };
}

async function publish(dir: string, assets: ServableAsset[], index: number): Promise<void> {
  assets[index] = await withProxy(dir, assets[index]!, index);
}

function sourceOf(assets: readonly ServableAsset[]): ViewSource {
  return {
    async *pages() {
      yield assets;
    },
    all: () => assets,
    below: (paths) => assets.filter((asset) => asset.paths.some((path) => paths.includes(path))),
    get: (id) => assets.find((asset) => asset.id === id),
    byPath: (path) => assets.find((asset) => asset.paths.includes(path)),
    byIdentity: ({ ino }) => assets.find((asset) => asset.identity.ino === ino),
  };
}

function memoryModes(initial: ModeState): Stage['modes'] {
  let state = initial;
  return {
    saved: 0,
    get state() {
      return state;
    },
    save(change) {
      if (this.failSave) throw new ProxyfsError('system/no-space', 'the disk is full');
      this.saved += 1;
      state = changeMode(state, change);
    },
  };
}
