import t from 'tap';
import type { AssetId } from '../../src/base/ids.js';
import type { RealPath, VirtualPath } from '../../src/base/paths.js';
import { diffSome, diffView, invert, toSwapChange } from '../../src/view/diff.js';
import type { Mode, ModeState } from '../../src/view/mode.js';
import { changeMode } from '../../src/view/mode-change.js';
import { resolveView, type ViewPolicy } from '../../src/view/resolve.js';
import type { Eligibility, ServableAsset } from '../../src/view/servable.js';
import { type View, viewKey } from '../../src/view/view.js';
import { explain } from '../../src/view/why.js';

const POLICY: ViewPolicy = { missing: 'master', mtime: 'distinct' };
const ELIGIBLE: Eligibility = { kind: 'eligible' };

const vp = (path: string) => path as VirtualPath;
const master = { size: 1000n, mtimeNs: 5_000_000_000n };

function asset(id: number, paths: string | readonly string[], changes: Partial<ServableAsset> = {}): ServableAsset {
  const proxy = { file: `/pool/${id}.mov` as RealPath, profile: 'edit', mtimeNs: 3_000_000_000n, guard: master };
  const identity = { dev: 1n, ino: BigInt(id) };
  const names = (typeof paths === 'string' ? [paths] : paths).map(vp);
  return {
    id: id as AssetId,
    identity,
    paths: names,
    master,
    eligibility: ELIGIBLE,
    proxy,
    pending: undefined,
    ...changes,
  };
}

function modes(base: Mode, overrides: Readonly<Record<string, Mode>> = {}, pinned?: Mode): ModeState {
  return { base, pinned, overrides: new Map(Object.entries(overrides).map(([path, mode]) => [vp(path), mode])) };
}

function kinds(view: View): Record<string, string> {
  return Object.fromEntries([...view.values()].map(({ asset, swap }) => [String(asset.ino), swap.kind]));
}

t.test('the pin beats overrides, the longest override beats shorter ones, and those beat the default', (t) => {
  const assets = [asset(1, 'a.mov'), asset(2, 'R1/b.mov'), asset(3, 'R1/hero/c.mov'), asset(4, 'R10/d.mov')];
  const state = modes('proxy', { R1: 'master', 'R1/hero': 'proxy' });
  t.same(kinds(resolveView(assets, state, POLICY)), { 1: 'replace', 2: 'master', 3: 'replace', 4: 'replace' });
  const pinned = modes('proxy', { R1: 'proxy' }, 'master');
  t.same(kinds(resolveView(assets, pinned, POLICY)), { 1: 'master', 2: 'master', 3: 'master', 4: 'master' });
  const root = resolveView(assets, modes('master', { '': 'proxy' }), POLICY);
  t.same(kinds(root), { 1: 'replace', 2: 'replace', 3: 'replace', 4: 'replace' }, 'the root can have an override too');
  t.end();
});

t.test('a hard link in master mode takes all names of the file to the master', (t) => {
  const linked = asset(1, ['A/x.mov', 'B/x.mov']);
  const view = resolveView([linked], modes('proxy', { B: 'master' }), POLICY);
  t.same(kinds(view), { 1: 'master' });
  t.match([...view.values()][0]?.reason, /set on 'B' \(through its name 'B\/x.mov'\)/);
  t.match(explain(linked, vp('A/x.mov'), modes('proxy', { B: 'master' }), POLICY).because[1], /hard link/);
  t.end();
});

t.test('one identity gets one entry', (t) => {
  const view = resolveView([asset(1, 'a.mov'), asset(1, 'b.mov')], modes('proxy'), POLICY);
  t.equal(view.size, 1);
  t.end();
});

t.test('what has no usable proxy serves its master and says why', (t) => {
  const changed = asset(1, 'a.mov', { master: { size: 1001n, mtimeNs: 5n } });
  const waiting = asset(2, 'b.mov', { proxy: undefined, pending: 'waiting in the queue' });
  const audio = asset(3, 'c.wav', {
    proxy: undefined,
    eligibility: { kind: 'ineligible', code: 'audio-only', reason: 'it has no picture' },
  });
  const unknown = asset(4, 'd.mov', { proxy: undefined, eligibility: { kind: 'unknown', reason: 'still growing' } });
  const all = [changed, waiting, audio, unknown];
  const view = resolveView(all, modes('proxy'), POLICY);
  t.same(kinds(view), { 1: 'master', 2: 'master', 3: 'master', 4: 'master' });
  t.same(
    [...view.values()].map(({ reason }) => reason),
    [
      'master: the master changed since its proxy was made',
      'master: no proxy yet (waiting in the queue)',
      'master: it has no picture',
      'master: still growing',
    ],
  );
  const denied = resolveView(all, modes('proxy'), { ...POLICY, missing: 'deny' });
  t.same(kinds(denied), { 1: 'deny', 2: 'deny', 3: 'master', 4: 'deny' }, 'what never has a proxy stays readable');
  t.same(kinds(resolveView(all, modes('master'), { ...POLICY, missing: 'deny' })), {
    ...{ 1: 'master', 2: 'master', 3: 'master', 4: 'master' },
  });
  t.match(explain(waiting, vp('b.mov'), modes('proxy'), POLICY).wayOut, /proxyfs prewarm b\.mov/);
  t.equal(explain(audio, vp('c.wav'), modes('proxy'), POLICY).wayOut, undefined);
  t.end();
});

t.test('the mtime of a proxy is its own, or the one of its master', (t) => {
  const mtime = (policy: ViewPolicy) => {
    const swap = [...resolveView([asset(1, 'a.mov')], modes('proxy'), policy).values()][0]?.swap;
    return swap?.kind === 'replace' ? swap.mtimeNs : undefined;
  };
  t.equal(mtime(POLICY), 3_000_000_000n);
  t.equal(mtime({ ...POLICY, mtime: 'preserve' }), master.mtimeNs);
  t.end();
});

t.test('a diff leads from one view to the other, and its inverse back', (t) => {
  const before = resolveView([asset(1, 'a.mov'), asset(2, 'b.mov'), asset(3, 'c.mov')], modes('proxy'), POLICY);
  const after = resolveView(
    [asset(2, 'b.mov'), asset(3, 'c.mov'), asset(4, 'd.mov')],
    modes('proxy', { 'c.mov': 'master' }),
    POLICY,
  );
  const changes = diffView(before, after);
  t.same(
    changes.map(({ from, to }) => [(to ?? from)?.asset.ino, to?.swap.kind]),
    [
      [1n, undefined],
      [3n, 'master'],
      [4n, 'replace'],
    ],
  );
  t.same(diffView(after, after), [], 'nothing changes without a difference');
  const back = invert(changes);
  t.same(
    back.map(({ from, to }) => [(to ?? from)?.asset.ino, to?.swap.kind]),
    [
      [4n, undefined],
      [1n, 'replace'],
      [3n, 'replace'],
    ],
    'removals come first',
  );
  t.same(toSwapChange(back[0]!), { asset: { dev: 1n, ino: 4n }, swap: undefined, reason: '', profile: '' });
  t.end();
});

t.test('a diff of some assets leaves the others alone and takes out stale identities', (t) => {
  const before = resolveView([asset(1, 'a.mov'), asset(2, 'b.mov')], modes('proxy'), POLICY);
  const moved = asset(1, 'a.mov', { identity: { dev: 1n, ino: 9n } });
  const changes = diffSome(before, resolveView([moved], modes('proxy'), POLICY), [viewKey({ dev: 1n, ino: 1n })]);
  t.same(
    changes.map(({ from, to }) => [(to ?? from)?.asset.ino, to?.swap.kind]),
    [
      [1n, undefined],
      [9n, 'replace'],
    ],
  );
  t.end();
});

t.test('changes of the mode are pure, and refused on a pinned mount', (t) => {
  const state = modes('proxy', { A: 'master' });
  const set = changeMode(state, { kind: 'set', mode: 'proxy', paths: [vp('B')] });
  t.same(
    [...set.overrides],
    [
      ['A', 'master'],
      ['B', 'proxy'],
    ],
  );
  t.same([...state.overrides], [['A', 'master']]);
  t.equal(changeMode(state, { kind: 'base', mode: 'master' }).base, 'master');
  t.same([...changeMode(state, { kind: 'clear', paths: [vp('A')] }).overrides], []);
  t.throws(() => changeMode(state, { kind: 'clear', paths: [vp('C')] }), { code: 'request/invalid' });
  t.throws(() => changeMode(modes('proxy', {}, 'master'), { kind: 'base', mode: 'proxy' }), { code: 'mode/pinned' });
  t.end();
});

t.test('100,000 assets are resolved and compared in a fraction of a second', (t) => {
  const assets = Array.from({ length: 100_000 }, (_, index) => asset(index + 1, `reel${index % 100}/clip${index}.mov`));
  const overrides = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`reel${index}`, 'master' as const]));
  const committed = resolveView(assets, modes('master'), POLICY);
  const times = Array.from({ length: 5 }, () => {
    const before = process.cpuUsage();
    const changes = diffView(committed, resolveView(assets, modes('proxy', overrides), POLICY));
    t.equal(changes.length, 100_000, 'half of them for their reason alone');
    return process.cpuUsage(before).user / 1000;
  });
  const best = Math.min(...times);
  t.comment(
    `resolve and diff of 100,000 assets: best ${best.toFixed(0)} ms of CPU time, all ${times.map((ms) => ms.toFixed(0))}`,
  );
  t.ok(best < 400, `${best} ms: a multiple of what it takes, for slow machines`);
  t.end();
});
