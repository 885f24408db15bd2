import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { link, mkdir, readdir, readFile, rename, stat, symlink, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import t, { type Test } from 'tap';
import type { RealPath } from '../../src/base/paths.js';
import { formatOwner, type Owner, thisProcess } from '../../src/pool/owner.js';
import { type Claim, specOf, takeOver, takeSpec } from '../../src/watchfolder/claim.js';
import { parseClaimName } from '../../src/watchfolder/claim-name.js';
import { publish, putBack, recordResult } from '../../src/watchfolder/ending.js';
import type { WatchEvent } from '../../src/watchfolder/events.js';
import { Journal } from '../../src/watchfolder/journal.js';
import { type Layout, openLayout } from '../../src/watchfolder/layout.js';
import { reserveName } from '../../src/watchfolder/reservation.js';
import { watchFolder } from '../../src/watchfolder/watch-folder.js';
import { emptyResult, fakeRunner, plannedClip } from '../fixtures/fake-watcher.js';

async function layoutFor(t: Test): Promise<Layout> {
  return await openLayout(t.testdir({}) as RealPath);
}

async function bring(layout: Layout, name: string, body: object = { outputs: [], ms: 0 }) {
  const path = join(layout.pending, name);
  await writeFile(path, JSON.stringify(body));
  return { path: Buffer.from(path), name, mtimeNs: 0n };
}

async function claimOf(layout: Layout, name: string, body?: object): Promise<Claim> {
  const claim = await takeSpec(layout, await bring(layout, name, body), Date.now());
  if (claim === undefined) throw new Error('the spec was not taken');
  return claim;
}

async function deadOwner(): Promise<Owner> {
  const child = spawn('true');
  await once(child, 'exit');
  return { ...thisProcess(), pid: child.pid ?? 0, start: '1' };
}

/** As if the process that has the claim had been killed now. */
async function abandon(claim: Claim, owner: Owner): Promise<void> {
  await rename(claim.folder, join(claim.folder, '..', `.claim.${formatOwner(owner)}.${claim.id}`));
}

async function drain(layout: Layout, options: { resume?: boolean; leaseMs?: number } = {}): Promise<WatchEvent[]> {
  const events: WatchEvent[] = [];
  await watchFolder(
    {
      folder: layout.root,
      runner: fakeRunner(),
      onEvent: (event) => events.push(event),
      maxWorkers: 1,
      once: true,
      settleMs: 0,
      leaseMs: options.leaseMs ?? 60_000,
      resume: options.resume ?? false,
    },
    new AbortController().signal,
  );
  return events;
}

const resultOf = async (layout: Layout, folder: 'completed' | 'failed', stem: string) =>
  JSON.parse(await readFile(join(layout[folder], `${stem}.result.json`), 'utf8'));

t.test('of many that take one spec, or take one over, exactly one gets it', async (t) => {
  const layout = await layoutFor(t);
  const arrival = await bring(layout, 'wanted.json');
  const taken = await Promise.all(Array.from({ length: 12 }, () => takeSpec(layout, arrival, Date.now())));
  const [claim] = taken.filter((one) => one !== undefined);
  t.equal(taken.filter((one) => one !== undefined).length, 1);
  if (claim === undefined) return;
  t.strictSame(await readdir(layout.pending), []);
  t.strictSame((await readdir(layout.running)).length, 1, 'those who were late left nothing');

  const owner = await deadOwner();
  await abandon(claim, owner);
  const [name = ''] = await readdir(layout.running);
  const parsed = parseClaimName(name);
  t.equal(parsed?.owner.pid, owner.pid);
  if (parsed === undefined) return;
  const over = await Promise.all(Array.from({ length: 12 }, () => takeOver(layout, name, parsed)));
  t.equal(over.filter((one) => one !== undefined).length, 1);
  t.match(over.find((one) => one !== undefined)?.record, { spec: 'wanted.json', stem: 'wanted' });
});

t.test('a crash between any two steps is resolved truthfully by the next start', async (t) => {
  const layout = await layoutFor(t);
  const owner = await deadOwner();
  const output = join(layout.root, 'made.mov');
  const clips = [plannedClip(1, output), plannedClip(2, `${output}.2`)];
  const result = { ...emptyResult([], []), status: 'COMPLETED' as const, exit_code: 0 };

  const early = join(layout.running, `.claim.${formatOwner(owner)}.${'0'.repeat(16)}`);
  await mkdir(early);
  await bring(layout, 'not-taken.json');

  await abandon(await claimOf(layout, 'taken.json'), owner);

  const begun = await claimOf(layout, 'begun.json', { outputs: [output, `${output}.2`], ms: 0 });
  await reserveName(layout, begun);
  const { blake3OfParts } = await import('../../src/fingerprint/blake3.js');
  const specHash = blake3OfParts([await readFile(specOf(begun))]);
  const journal = new Journal(begun.folder);
  journal.append({ kind: 'begun', specHash, result: emptyResult([], clips) });
  journal.append({ kind: 'started', index: 1 });
  const { blake3OfFile } = await import('../../src/fingerprint/whole-file.js');
  await writeFile(output, 'made');
  const blake3 = await blake3OfFile(output as RealPath);
  journal.append({ kind: 'publishing', index: 1, output, size: 4, blake3 });
  journal.append({ kind: 'started', index: 2 });
  journal.close();
  await writeFile(join(begun.folder, 'journal.jsonl'), '\n{"kind":"finished","cl', { flag: 'a' });
  await abandon(begun, owner);

  const written = await claimOf(layout, 'written.json');
  await reserveName(layout, written);
  await recordResult(written, 'completed', result);
  await abandon(written, owner);

  const placed = await claimOf(layout, 'placed.json');
  await reserveName(layout, placed);
  await recordResult(placed, 'completed', result);
  await link(join(placed.folder, 'completed.result.json'), join(layout.completed, 'placed.result.json'));
  await abandon(placed, owner);

  const moved = await claimOf(layout, 'moved.json');
  await reserveName(layout, moved);
  await recordResult(moved, 'completed', result);
  await link(join(moved.folder, 'completed.result.json'), join(layout.completed, 'moved.result.json'));
  await rename(specOf(moved), join(layout.completed, 'moved.json'));
  await abandon(moved, owner);

  await mkdir(join(layout.running, '.done.0123456789abcdef', 'deep'), { recursive: true });
  await writeFile(join(layout.pending, `.trial.${formatOwner(owner)}.00000000`), '');
  await writeFile(join(layout.running, 'by-hand.json'), '{"outputs":[],"ms":0}');

  const events = await drain(layout);
  t.strictSame(await readdir(layout.running), []);
  t.strictSame(await readdir(layout.pending), []);
  const pairs = (names: string[]) => names.flatMap((name) => [`${name}.json`, `${name}.result.json`]);
  t.strictSame((await readdir(layout.completed)).sort(), pairs(['moved', 'not-taken', 'placed', 'written']));
  t.strictSame((await readdir(layout.failed)).sort(), pairs(['begun', 'by-hand', 'taken']));
  t.match(await resultOf(layout, 'failed', 'begun'), {
    status: 'FAILED',
    interrupted: true,
    error: {
      message: /interrupted: its watcher \(process \d+\) ended without finishing it; 1 of 2 clips were finished/,
    },
    clips: [
      { status: 'completed', output, blake3, warnings: [/died before it could record/] },
      { status: 'interrupted' },
    ],
    totals: { clips: 2, completed: 1, interrupted: 1 },
  });
  t.match(await resultOf(layout, 'failed', 'taken'), { interrupted: true, clips: [] });
  t.match(await resultOf(layout, 'failed', 'by-hand'), { error: { message: /lay in running, and no watcher had it/ } });
  const actions = events.flatMap((event) => (event.event === 'recovered' ? [event.action] : []));
  t.strictSame(actions.sort(), [
    'finished',
    'finished',
    'interrupted',
    'interrupted',
    'interrupted',
    'nothing',
    'nothing',
  ]);
});

t.test('with --resume only what is still what the journal says is kept', async (t) => {
  const layout = await layoutFor(t);
  const owner = await deadOwner();
  const { blake3OfParts } = await import('../../src/fingerprint/blake3.js');
  const { blake3OfFile } = await import('../../src/fingerprint/whole-file.js');
  for (const name of ['kept', 'changed']) {
    const outputs = [join(layout.root, `${name}-1.mov`), join(layout.root, `${name}-2.mov`)];
    const claim = await claimOf(layout, `${name}.json`, { outputs, ms: 0 });
    const journal = new Journal(claim.folder);
    const clips = outputs.map((output, at) => plannedClip(at + 1, output));
    const specHash = blake3OfParts([await readFile(specOf(claim))]);
    journal.append({ kind: 'begun', specHash, result: emptyResult([], clips) });
    await writeFile(outputs[0] ?? '', 'first');
    const blake3 = await blake3OfFile((outputs[0] ?? '') as RealPath);
    const clip = { ...plannedClip(1, outputs[0] ?? ''), status: 'completed' as const, blake3, output_size: 5 };
    journal.append({ kind: 'finished', clip });
    journal.close();
    if (name === 'changed') await writeFile(outputs[0] ?? '', 'other');
    await abandon(claim, owner);
  }
  await drain(layout, { resume: true });
  t.match(await resultOf(layout, 'completed', 'kept'), { clips: [{ status: 'skipped' }, { status: 'completed' }] });
  t.match(await resultOf(layout, 'failed', 'changed'), {
    clips: [{ status: 'failed', failure: { reason: /is there already/ } }, { status: 'completed' }],
  });
  t.equal(await readFile(join(layout.root, 'changed-1.mov'), 'utf8'), 'other', 'what is not ours is not touched');
});

t.test(
  'a living watcher is left alone, and one on another machine for as long as it gives signs of life',
  async (t) => {
    const layout = await layoutFor(t);
    const living = await claimOf(layout, 'living.json');
    const elsewhere = await claimOf(layout, 'elsewhere.json');
    const owner = { ...thisProcess(), place: 'abcdefabcdef' };
    await abandon(elsewhere, owner);
    const folder = join(layout.running, `.claim.${formatOwner(owner)}.${elsewhere.id}`);
    t.strictSame(await drain(layout, { leaseMs: 5000 }).then((events) => events.map(({ event }) => event)), [
      'watching',
      'stopped',
    ]);
    t.ok(await stat(folder));
    t.ok(await stat(living.folder));
    await new Promise((resolve) => setTimeout(resolve, 1100));
    await drain(layout, { leaseMs: 1000 });
    t.match(await resultOf(layout, 'failed', 'elsewhere'), {
      error: { message: /another machine gave no sign of life for 1 s/ },
    });
    t.ok(await stat(living.folder), 'however old the claim is');
    await t.rejects(recordResult(elsewhere, 'completed', {}), { code: 'ENOENT' }, 'and the other can publish nothing');
  },
);

t.test('names are never given twice, and results never overwritten', async (t) => {
  const layout = await layoutFor(t);
  const first = await claimOf(layout, 'same.json');
  const second = await claimOf(layout, 'same.json');
  await Promise.all([reserveName(layout, first), reserveName(layout, second)]);
  t.strictSame([first.record.stem, second.record.stem].sort(), ['same', 'same.2']);
  t.strictSame((await readdir(layout.running)).filter((name) => !name.startsWith('.')).sort(), [
    'same.2.json',
    'same.json',
  ]);
  await recordResult(first, 'completed', { n: 1 });
  await recordResult(second, 'failed', { n: 2 });
  await publish(layout, first, 'completed');
  await publish(layout, second, 'failed');

  const third = await claimOf(layout, 'same.json');
  await reserveName(layout, third);
  t.equal(third.record.stem, 'same.3', 'a name in completed or failed is taken');
  await writeFile(join(layout.completed, 'same.3.result.json'), 'of somebody else');
  await recordResult(third, 'completed', { n: 3 });
  const ending = await publish(layout, third, 'completed');
  t.equal(basename(ending.result), 'same.4.result.json', 'also when it is taken at the last moment');
  t.equal(await readFile(join(layout.completed, 'same.3.result.json'), 'utf8'), 'of somebody else');

  const odd = await claimOf(layout, 'same.result.json');
  await reserveName(layout, odd);
  t.equal(odd.record.stem, 'same.result_', 'a spec cannot look like a result');
  await symlink('/nowhere', join(layout.failed, 'other.json'));
  const other = await claimOf(layout, 'other.json');
  await reserveName(layout, other);
  t.equal(other.record.stem, 'other.2');

  const [one, two] = [await claimOf(layout, 'back.json'), await claimOf(layout, 'back.json')];
  await reserveName(layout, one);
  await reserveName(layout, two);
  await bring(layout, 'back.json');
  const names = [await putBack(layout, one), await putBack(layout, two)];
  t.equal(new Set([...names, 'back.json']).size, 3, 'three specs of one name meet in pending, and none is lost');
});

t.test('where the storage has no hard links a result gets its name by rename, also across a crash', async (t) => {
  const layout = { ...(await layoutFor(t)), hasLinks: false };
  const claim = await claimOf(layout, 'plain.json');
  await reserveName(layout, claim);
  await recordResult(claim, 'failed', { n: 1 });
  await publish(layout, claim, 'failed');
  t.strictSame((await readdir(layout.failed)).sort(), ['plain.json', 'plain.result.json']);

  const cut = await claimOf(layout, 'cut.json');
  await reserveName(layout, cut);
  await recordResult(cut, 'completed', { n: 2 });
  await writeFile(join(cut.folder, 'published'), 'completed');
  await rename(join(cut.folder, 'completed.result.json'), join(layout.completed, 'cut.result.json'));
  await abandon(cut, await deadOwner());
  await drain(layout);
  t.strictSame((await readdir(layout.completed)).sort(), ['cut.json', 'cut.result.json']);
});
