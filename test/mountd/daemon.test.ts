/** One daemon per project, in processes of their own, with the driver that this machine can use. */

import { execFile, spawn } from 'node:child_process';
import {
  appendFile,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { ProxyfsError } from '../../src/base/error.js';
import { exitCodeOf } from '../../src/base/exit-code.js';
import { type Client, connect } from '../../src/control/client.js';
import type { DaemonOptionsInput } from '../../src/control/daemon-options.js';
import { findProject, listRecords } from '../../src/control/discovery.js';
import { launchDaemon, runDaemon } from '../../src/control/launch.js';
import type { RuntimeRecord } from '../../src/control/runtime-record.js';
import type { Progress } from '../../src/control/schema.js';
import { findMount } from '../../src/mount/mount-table.js';
import { makeClip } from '../fixtures/media.js';
import { generationObstacle } from '../fixtures/mount-obstacle.js';

const run = promisify(execFile);
// A dozen daemons are started one after the other, which takes its time on a busy machine.
t.setTimeout(180_000);
const obstacle = await generationObstacle();
const skip = obstacle === undefined ? {} : { skip: obstacle };

const dir = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-mountd-')));
process.env['XDG_RUNTIME_DIR'] = join(dir, 'run');
process.env['XDG_STATE_HOME'] = join(dir, 'state');
process.env['PROXYFS_SETTLE_MS'] = '100';
const place = { source: join(dir, 'source'), mountPoint: join(dir, 'mnt') };
await Promise.all(
  ['source', 'source/A001', 'mnt', 'mnt2', 'empty'].map((name) => mkdir(join(dir, name), { recursive: true })),
);

const started = new Set<RuntimeRecord>();
t.teardown(async () => {
  for (const record of started) await killAll(record);
  await rm(dir, { recursive: true, force: true });
});

t.test('a project is mounted, filled, flipped, held, and drained', skip, async (t) => {
  const clip = join(place.source, 'A001', 'clip.mov');
  await makeClip(join(place.source, 'A001'), 'clip.mov', { frames: 10, extra: ['-qscale:v', '2'] });
  await writeFile(join(place.source, 'notes.txt'), 'notes');
  await writeFile(join(place.source, 'tone.wav'), 'RIFF');
  await mkdir(join(dir, 'outside'));
  await writeFile(join(dir, 'outside', 'secret.mov'), 'secret');
  const { record, client } = await mount(t, { ...place, mode: 'proxy' });
  const seen = join(place.mountPoint, 'A001', 'clip.mov');
  t.equal(await readFile(join(place.mountPoint, 'notes.txt'), 'utf8'), 'notes');
  t.match(await client.call('daemon.info', {}), { ...place, pid: record.pid, profile: 'edit' });

  const told: Progress[] = [];
  const made = await client.call('prewarm', { paths: [''], wait: true }, { onProgress: (each) => told.push(each) });
  t.match(made, { failed: 0, ineligible: 1 });
  t.equal(made.made + made.alreadyThere, 1, 'the backlog may have been quicker');
  t.ok(told.some(({ kind }) => kind === 'scan'));
  const [master, proxy] = [await readFile(clip), await readFile(seen)];
  t.notSame(proxy, master, 'prewarm returns when the proxy is served');
  for (const { pictures } of (await client.call('pictures', { paths: [''] })).clips) {
    const files = [pictures?.poster.file, pictures?.sprite.file, pictures?.sprite.index];
    for (const file of files) t.ok((await readFile(file ?? '')).length > 20, file ?? 'no file');
  }
  t.match((await client.call('ls', { path: 'A001' })).entries, [
    {
      path: 'A001/clip.mov',
      kind: 'media',
      variant: 'proxy',
      state: 'ready',
      size: proxy.length,
      masterSize: master.length,
    },
  ]);
  t.match(await client.call('assert', { mode: 'proxy', paths: ['A001'] }), { checked: 1, wrongCount: 0 });
  t.match(await client.call('assert', { mode: 'master', paths: ['', 'A001'] }), {
    ...{ checked: 2, wrongCount: 1, wrong: [{ path: 'A001/clip.mov', variant: 'proxy' }] },
  });
  t.match(await client.call('why', { path: 'A001/clip.mov' }), {
    served: { variant: 'proxy', reason: 'mode of the project' },
    command: [/ffmpeg/],
    wayOut: null,
  });
  t.match(await client.call('status', {}), { assets: { total: 2, eligible: 1, ready: 1 }, serving: { proxy: 1 } });

  const holder = await hold(t, seen);
  const flip = await client.call('mode.set', { mode: 'master' });
  t.match(flip, {
    changed: 1,
    verified: 1,
    nudged: 1,
    state: { base: 'master' },
    handles: [{ path: 'A001/clip.mov' }],
  });
  t.match(flip.handles, [{ variant: 'proxy', outdated: true, pid: holder.pid, process: 'sleep' }]);
  t.same(await readFile(seen), master);
  t.same((await stat(clip)).mtimeMs, (await stat(seen)).mtimeMs, 'the nudge left the master alone');
  t.match(await client.call('handles', {}), { handles: [{ pid: holder.pid }] });
  await t.rejects(client.call('unmount', { force: false }), { code: 'mountpoint/busy', message: /sleep/ });
  t.same(await readFile(seen), master, 'a refused unmount changes nothing');

  const onMaster = await hold(t, seen);
  const waiting: Progress[] = [];
  const onProgress = (progress: Progress) => {
    waiting.push(progress);
    for (const each of [holder, onMaster]) each.stop();
  };
  const waited = await client.call('mode.set', { mode: 'proxy', wait: true }, { onProgress });
  t.match(waited, { changed: 1, handles: [] }, 'the wait ends with the last outdated handle');
  t.match(waiting, [{ kind: 'waiting-for-handles' }]);
  const late = await hold(t, join(place.mountPoint, 'notes.txt'));
  t.match(await client.call('mode.set', { mode: 'master', paths: ['A001'] }), {
    state: { overrides: [{ path: 'A001' }] },
  });
  t.match(await client.call('mode.get', { path: 'A001/clip.mov' }), { effective: 'master' });
  await client.call('mode.clear', { paths: ['A001'] });
  await t.rejects(client.call('mode.set', { mode: 'master', paths: ['A002'] }), { code: 'path/missing' });
  await t.rejects(client.call('ls', { path: '../..' }), { code: 'path/outside-project' });
  await symlink(join(dir, 'outside'), join(place.source, 'out'));
  await symlink('A001', join(place.source, 'in'));
  t.equal(await readFile(join(place.mountPoint, 'out', 'secret.mov'), 'utf8'), 'secret', 'the kernel follows a link');
  const behind = { path: 'out/secret.mov' };
  const refusal = { code: 'path/outside-project' };
  await t.rejects(client.call('ls', behind), refusal, 'the daemon does not');
  await t.rejects(client.call('why', behind), refusal);
  await t.rejects(client.call('assert', { mode: 'master', paths: [behind.path] }), refusal);
  await t.rejects(client.call('prewarm', { paths: [behind.path], wait: true }), refusal);
  await t.rejects(client.call('mode.set', { mode: 'proxy', paths: [behind.path] }), refusal);
  t.match(await client.call('ls', { path: 'out' }), { entries: [{ path: 'out' }] });
  t.match(await client.call('ls', { path: 'in/clip.mov' }), { entries: [{ path: 'A001/clip.mov' }] }, 'a link inside');

  process.kill(record.pid, 'SIGTERM');
  await sleep(300);
  t.ok(isAlive(record.pid), 'a drain waits for open files');
  late.stop();
  await gone(record.pid);
  t.equal(await findMount(place.mountPoint), undefined);
  t.same(await readdir(join(dir, 'run', 'proxyfs')), []);
  t.same(await readFile(join(record.stateDir, 'proxyfsd.stderr'), 'utf8'), '');
});

t.test(
  'a daemon that dies comes back with its mount and its mode, and without a guardian leaves no trap',
  skip,
  async (t) => {
    const first = await mount(t, { ...place, mode: 'proxy' });
    await t.rejects(launchDaemon({ ...place, mountPoint: join(dir, 'mnt2') }), {
      code: 'project/already-mounted',
      message: new RegExp(`${place.mountPoint} \\(pid ${first.record.pid}\\)`),
    });
    await t.rejects(launchDaemon({ source: join(dir, 'empty'), mountPoint: place.mountPoint }), {
      code: 'mountpoint/busy',
    });
    await first.client.call('mode.set', { mode: 'master' });
    const seen = join(place.mountPoint, 'A001', 'clip.mov');
    let { pid } = first.record;
    for (const signal of ['SIGSEGV', 'SIGABRT', 'SIGKILL'] as const) {
      process.kill(pid, signal);
      await gone(pid);
      const back = await findProject(place.mountPoint, '/');
      t.not(back.pid, pid, `${signal}: a command waits for the next daemon`);
      t.same(await readFile(seen), await readFile(join(place.source, 'A001', 'clip.mov')), 'what it was flipped to');
      pid = back.pid;
    }
    const second = await connect(await findProject(place.mountPoint, '/'));
    await second.call('mode.set', { mode: 'proxy' });
    second.close();
    const { guardian } = first.record;
    if (guardian === undefined) throw new Error('a launched daemon has a guardian');
    // Its whole group: the shell that watches the daemon, too, would clear the mount away.
    process.kill(-guardian, 'SIGKILL');
    await gone(pid);
    await t.rejects(stat(seen), { code: 'ENOTCONN' }, 'without a guardian the mount is dead');
    await t.rejects(findProject(place.mountPoint, '/'), { code: 'project/not-found' });
    const third = await mount(t, place);
    t.notSame(await readFile(seen), await readFile(join(place.source, 'A001', 'clip.mov')), 'the proxy, at once');
    await run('umount', [place.mountPoint]);
    await gone(third.record.pid);
    t.same(await listRecords(), [], 'an unmount by hand ends the daemon');
    t.match(await readFile(join(first.record.stateDir, 'proxyfsd.log'), 'utf8'), /the daemon before this one died/);
  },
);

t.test('changes behind and through the mount reach the view', skip, async (t) => {
  const { client } = await mount(t, { ...place, workers: 0 });
  const clip = join(place.source, 'A001', 'clip.mov');
  const seen = join(place.mountPoint, 'A001', 'clip.mov');
  await t.rejects(appendFile(seen, 'x'), { code: 'EROFS' }, 'a path that serves a proxy is write-protected');
  await link(clip, join(place.source, 'hard.mov'));
  await client.call('prewarm', { paths: ['hard.mov'], wait: false });
  t.match(await client.call('assert', { mode: 'proxy', paths: ['hard.mov'] }), { checked: 1, wrongCount: 0 });
  await client.call('mode.set', { mode: 'master', paths: ['hard.mov'] });
  t.match(
    await client.call('assert', { mode: 'master', paths: ['A001'] }),
    { wrongCount: 0 },
    'all names are one file',
  );
  await client.call('mode.clear', { paths: ['hard.mov'] });
  await rm(join(place.source, 'hard.mov'));

  const nameless = Buffer.concat([Buffer.from(`${place.source}/A001/`), Buffer.from([0xff]), Buffer.from('.mov')]);
  await writeFile(nameless, 'no name');
  const guarded = await client.call('assert', { mode: 'proxy', paths: ['A001'] });
  t.match(guarded, { checked: 2, wrongCount: 1 }, 'a clip whose name is no text is a master like any other');
  await rm(nameless);
  const whole = await client.call('mode.set', { mode: 'proxy', paths: [''] });
  t.same(whole.state.overrides, [], 'the root of the project is the project');

  await appendFile(clip, 'grown');
  const now = (await client.call('ls', { path: 'A001/clip.mov' })).entries[0];
  t.match(now, { variant: 'master', reason: 'the master changed since its proxy was made' });
  await until(async () => (await readFile(seen)).subarray(-5).toString() === 'grown');
  await until(async () => (await client.call('status', {})).serving.proxy === 0);
  await utimes(clip, new Date(), new Date());
  await writeFile(join(place.mountPoint, 'through.txt'), 'written through the mount');
  t.equal(await readFile(join(place.source, 'through.txt'), 'utf8'), 'written through the mount');
  await t.rejects(client.call('prewarm', { paths: [''], wait: true }), { code: 'request/invalid', message: /workers/ });
  await client.call('unmount', { force: false });
});

t.test('a clip that was opened before it is examined is listed with those who hold clips', skip, async (t) => {
  // Without FFmpeg nothing ever is.
  process.env['FFMPEG_PATH'] = join(dir, 'no-ffmpeg');
  t.teardown(() => {
    delete process.env['FFMPEG_PATH'];
  });
  const stateDir = join(dir, 'unexamined');
  const { client } = await mount(t, { ...place, stateDir });
  const clip = await hold(t, join(place.mountPoint, 'A001', 'clip.mov'));
  const notes = await hold(t, join(place.mountPoint, 'notes.txt'));
  t.match((await client.call('ls', { path: 'A001/clip.mov' })).entries, [{ reason: /examined/ }]);
  const { handles } = await client.call('handles', {});
  t.match(handles, [{ path: 'A001/clip.mov', pid: clip.pid, process: 'sleep', variant: 'master', outdated: false }]);
  t.equal(handles.length, 1, 'other files are not');
  const all = (await client.call('handles', { all: true })).handles.map(({ pid }) => pid);
  t.same(all.sort(), [clip.pid, notes.pid].sort());
  await client.call('unmount', { force: true });
});

t.test('a pinned mount cannot be flipped, and forgets its pin', skip, async (t) => {
  const { client, record } = await mount(t, { ...place, mode: 'master', pin: true });
  await t.rejects(client.call('mode.set', { mode: 'proxy' }), { code: 'mode/pinned', message: /without --pin/ });
  await t.rejects(client.call('mode.clear', { paths: ['A001'] }), { code: 'mode/pinned' });
  t.match(await client.call('mode.get', {}), { state: { pinned: 'master', base: 'proxy' } });
  const holder = await hold(t, join(place.mountPoint, 'notes.txt'));
  t.match((await client.call('unmount', { force: true })).handles, [{ pid: holder.pid, path: 'notes.txt' }]);
  await gone(record.pid);
  holder.stop();
  const again = await mount(t, place);
  t.match(await again.client.call('mode.get', {}), { state: { pinned: null, base: 'proxy' } });
  for (const source of [place.mountPoint, join(place.mountPoint, 'A001')]) {
    const nested = { source, mountPoint: join(dir, 'nested') };
    await t.rejects(launchDaemon(nested), { code: 'request/invalid', message: /whose clips may be proxies/ });
  }
  const inside = spawn('sleep', ['60'], { cwd: place.mountPoint });
  t.teardown(() => inside.kill());
  await until(async () => (await realpath(`/proc/${inside.pid}/cwd`)) === place.mountPoint);
  await t.rejects(again.client.call('unmount', { force: false }), {
    code: 'mountpoint/busy',
    message: new RegExp(`sleep \\(pid ${inside.pid}\\) works in`),
  });
  process.kill(again.record.pid, 'SIGTERM');
  await sleep(200);
  process.kill(again.record.pid, 'SIGINT');
  await gone(again.record.pid);
  t.equal(await findMount(place.mountPoint), undefined, 'a second signal detaches');
});

t.test('places that cannot be are refused with a sentence and an exit code, and nothing is left behind', async (t) => {
  const file = join(dir, 'file');
  await writeFile(file, '');
  const [empty, mnt] = [join(dir, 'empty'), join(dir, 'mnt2')];
  const cases: readonly [DaemonOptionsInput, string][] = [
    [{ source: join(dir, 'no'), mountPoint: mnt }, 'source/missing'],
    [{ source: file, mountPoint: mnt }, 'source/not-a-directory'],
    [{ source: empty, mountPoint: join(dir, 'no') }, 'mountpoint/missing'],
    [{ source: empty, mountPoint: file }, 'mountpoint/missing'],
    [{ source: empty, mountPoint: place.source }, 'mountpoint/not-empty'],
    [{ source: dir, mountPoint: mnt }, 'mountpoint/inside-source'],
    [{ source: empty, mountPoint: dir }, 'mountpoint/inside-source'],
    [{ source: empty, mountPoint: empty }, 'mountpoint/inside-source'],
    [{ source: empty, mountPoint: mnt, profile: 'none' }, 'profile/unknown'],
    [{ source: empty, mountPoint: mnt, stateDir: join(empty, 'state') }, 'request/invalid'],
    [{ source: empty, mountPoint: mnt, poolDir: join(mnt, 'pool') }, 'request/invalid'],
  ];
  const before = await readdir(join(dir, 'state', 'proxyfs')).catch(() => []);
  const errors = await Promise.all(cases.map(([options]) => launchDaemon(options).catch((error: unknown) => error)));
  for (const [index, [, code]] of cases.entries()) {
    const error = errors[index];
    t.match(error, { code }, code);
    t.ok(error instanceof ProxyfsError && exitCodeOf(error) === 1, 'exit code 1');
  }
  t.same(await readdir(join(dir, 'state', 'proxyfs')).catch(() => []), before);
  t.same(await readdir(empty), []);
  const foreground = await runDaemon({ source: join(dir, 'no'), mountPoint: mnt });
  t.equal(foreground, 1, 'the same in the foreground');
});

interface Mounted {
  readonly record: RuntimeRecord;
  readonly client: Client;
}

async function mount(t: Test, options: DaemonOptionsInput): Promise<Mounted> {
  const record = await launchDaemon({ workers: 1, ...options });
  started.add(record);
  const client = await connect(record);
  t.teardown(async () => {
    client.close();
    await killAll(record);
    started.delete(record);
  });
  return { record, client };
}

/** A process that keeps a file open. */
async function hold(t: Test, path: string): Promise<{ pid: number; stop: () => void }> {
  const child = spawn('/bin/sh', ['-c', 'exec sleep 60 <"$1"', 'sh', path], { cwd: '/', stdio: 'ignore' });
  t.teardown(() => child.kill());
  await until(async () => (await readFile(`/proc/${child.pid}/comm`, 'utf8')).trim() === 'sleep');
  return { pid: child.pid!, stop: () => child.kill() };
}

async function killAll({ guardian, pid, mountPoint }: RuntimeRecord): Promise<void> {
  // The guardian first: it leads the group of all the daemons it starts.
  for (const each of [guardian === undefined ? undefined : -guardian, pid]) {
    if (each !== undefined && isAlive(each)) process.kill(each, 'SIGKILL');
  }
  await gone(pid);
  await run('umount', ['-l', mountPoint]).catch(() => undefined);
}

async function gone(pid: number): Promise<void> {
  await until(async () => !isAlive(pid));
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!(await condition().catch(() => false))) {
    if (Date.now() > deadline) throw new Error('it did not happen in time');
    await sleep(20);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
