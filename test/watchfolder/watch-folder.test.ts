import { execFileSync } from 'node:child_process';
import {
  appendFile,
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import type { RealPath } from '../../src/base/paths.js';
import { jobResultSchema } from '../../src/jobspec/result.js';
import type { WatchEvent } from '../../src/watchfolder/events.js';
import { type WatchOptions, watchFolder } from '../../src/watchfolder/watch-folder.js';
import { fakeRunner } from '../fixtures/fake-watcher.js';

t.setTimeout(120_000);

async function folderFor(t: Test): Promise<string> {
  const folder = t.testdir({ pending: {} });
  return folder;
}

interface Watching {
  readonly events: WatchEvent[];
  readonly done: Promise<unknown>;
  stop(): void;
  /** Resolves when such an event has come. */
  until(event: WatchEvent['event'], name?: string): Promise<void>;
}

function watching(folder: string, options: Partial<WatchOptions> = {}): Watching {
  const events: WatchEvent[] = [];
  const controller = new AbortController();
  const done = watchFolder(
    {
      folder: folder as RealPath,
      runner: fakeRunner(),
      onEvent: (event) => events.push(event),
      maxWorkers: 1,
      once: false,
      settleMs: 0,
      leaseMs: 60_000,
      resume: false,
      ...options,
    },
    controller.signal,
  );
  done.catch(() => undefined);
  const has = (event: string, name?: string) =>
    events.some((one) => one.event === event && (name === undefined || ('name' in one && one.name === name)));
  return {
    events,
    done,
    stop: () => controller.abort(),
    until: async (event, name) => {
      for (let i = 0; !has(event, name); i += 1) {
        if (i > 1000) throw new Error(`no ${event} of ${name}: ${JSON.stringify(events)}`);
        await sleep(10);
      }
    },
  };
}

const once = async (folder: string, options: Partial<WatchOptions> = {}): Promise<WatchEvent[]> => {
  const watcher = watching(folder, { once: true, ...options });
  await watcher.done;
  return watcher.events;
};

const put = (folder: string, name: string, body: unknown) =>
  writeFile(join(folder, 'pending', name), typeof body === 'string' ? body : JSON.stringify(body));

const resultOf = async (folder: string, end: 'completed' | 'failed', stem: string) =>
  jobResultSchema.parse(JSON.parse(await readFile(join(folder, end, `${stem}.result.json`), 'utf8')));

t.test('whatever arrives ends with a result that says why, and nothing outside is followed', async (t) => {
  const folder = await folderFor(t);
  const secret = join(folder, 'secret.json');
  await writeFile(secret, '{"outputs":[],"ms":0}');
  await put(folder, 'good.json', { outputs: [join(folder, 'good.mov')], ms: 0 });
  await put(folder, 'empty.json', '');
  await put(folder, 'cut.json', '{"outputs": [');
  await put(folder, 'binary.json', '\0\u0001\u0002');
  await put(folder, 'line\nbreak.json', '[]');
  await put(folder, `${'n'.repeat(250)}.json`, '[]');
  await put(folder, `${'ü'.repeat(125)}.json`, '[]');
  await put(folder, 'UPPER.JSON', '[]');
  await put(folder, 'huge.json', 'x'.repeat(8 * 1024 * 1024 + 1));
  await writeFile(
    Buffer.concat([Buffer.from(`${folder}/pending/`), Buffer.from([0x62, 0xff]), Buffer.from('.json')]),
    '[]',
  );
  await symlink(secret, join(folder, 'pending', 'link.json'));
  await symlink('/nowhere', join(folder, 'pending', 'dangling.json'));
  await mkdir(join(folder, 'pending', 'folder.json', 'deep'), { recursive: true });
  execFileSync('mkfifo', [join(folder, 'pending', 'pipe.json')]);
  for (const name of ['.hidden.json', 'half.json.part', 'x.tmp', 'notes.txt']) await put(folder, name, '{}');
  await once(folder);

  t.strictSame((await readdir(join(folder, 'pending'))).sort(), [
    '.hidden.json',
    'half.json.part',
    'notes.txt',
    'x.tmp',
  ]);
  t.strictSame(await readdir(join(folder, 'running')), []);
  t.strictSame((await readdir(join(folder, 'completed'))).sort(), ['good.json', 'good.result.json']);
  const failed = await readdir(join(folder, 'failed'));
  t.equal(failed.length, 26, failed.join());
  for (const name of failed) t.ok(Buffer.byteLength(name) <= 255);
  for (const name of failed.filter((one) => !one.endsWith('.result.json'))) {
    const result = await resultOf(folder, 'failed', name.replace(/\.json$/, ''));
    t.equal(result.violations.length, 1, name);
  }
  const said = async (stem: string) => (await resultOf(folder, 'failed', stem)).violations[0]?.message;
  t.match(await said('link'), /symbolic link, which is never followed/);
  t.match(await said('dangling'), /symbolic link/);
  t.match(await said('folder'), /it is a folder/);
  t.match(await said('pipe'), /a device, a socket or a pipe/);
  t.match(await said('huge'), /it has 8388609 bytes, and a job spec has at most 8388608/);
  t.ok(failed.includes('b%FF.json') && failed.includes('UPPER.json') && failed.includes('line\nbreak.json'));
  t.equal(await readFile(secret, 'utf8'), '{"outputs":[],"ms":0}');
});

t.test('specs are taken oldest first, then by name, one strictly after the other', async (t) => {
  const folder = await folderFor(t);
  for (const [name, at] of [
    ['c', 10],
    ['b', 20],
    ['a', 20],
    ['d', 5],
  ] as const) {
    await put(folder, `${name}.json`, { outputs: [join(folder, `${name}.mov`)], ms: 10 });
    await utimes(join(folder, 'pending', `${name}.json`), at, at);
  }
  const events = await once(folder);
  const order = events.flatMap((event) =>
    event.event === 'taken' || event.event === 'ended' ? [`${event.event} ${event.name}`] : [],
  );
  t.strictSame(
    order,
    ['d', 'c', 'a', 'b'].flatMap((name) => [`taken ${name}`, `ended ${name}`]),
  );

  for (const name of ['e', 'f', 'g'])
    await put(folder, `${name}.json`, { outputs: [join(folder, `${name}.mov`)], ms: 300 });
  const wide = await once(folder, { maxWorkers: 3 });
  t.strictSame(
    wide.slice(1, 4).map(({ event }) => event),
    ['taken', 'taken', 'taken'],
    'several at once where that is asked for',
  );
});

t.test('a spec is taken when it has settled, and one that is written slowly gets more patience', async (t) => {
  const folder = await folderFor(t);
  const watcher = watching(folder, { settleMs: 300 });
  await watcher.until('watching');
  await put(folder, 'slow.json', '{"outputs":[],');
  const path = join(folder, 'pending', 'slow.json');
  for (const part of ['"a":1,', '"b":2,']) {
    await sleep(500);
    await appendFile(path, part);
  }
  await sleep(500);
  await appendFile(path, '"ms":0}');
  await watcher.until('ended', 'slow');
  watcher.stop();
  await watcher.done;
  t.ok(await resultOf(folder, 'completed', 'slow'), 'each pause was longer than the settle time');
  t.match(JSON.parse(await readFile(join(folder, 'completed', 'slow.json'), 'utf8')), { a: 1, b: 2 });
});

t.test('news comes by notification, and without one by looking', async (t) => {
  for (const pollMs of [undefined, 200]) {
    const folder = await folderFor(t);
    const watcher = watching(folder, { pollMs });
    await watcher.until('watching');
    await sleep(500);
    await put(folder, '.later.part', { outputs: [], ms: 0 });
    await rename(join(folder, 'pending', '.later.part'), join(folder, 'pending', 'later.json'));
    const before = performance.now();
    await watcher.until('ended', 'later');
    t.ok(performance.now() - before < 2500, 'before the look that makes up for lost notification');
    watcher.stop();
    await watcher.done;
  }
});

t.test('a stop puts the spec back, and what it had finished is kept the next time', async (t) => {
  const folder = await folderFor(t);
  const outputs = [1, 2].map((n) => join(folder, `${n}.mov`));
  await put(folder, 'job.json', { outputs, ms: 400 });
  await put(folder, 'next.json', { outputs: [], ms: 0 });
  await utimes(join(folder, 'pending', 'job.json'), 5, 5);
  const watcher = watching(folder);
  await watcher.until('clip-finished', 'job');
  watcher.stop();
  t.match(await watcher.done, { completed: 0, failed: 0, returned: 1 });
  t.match(watcher.events.slice(-3), [
    { event: 'stopping' },
    { event: 'returned', spec: 'job.json' },
    { event: 'stopped' },
  ]);
  t.strictSame(await readdir(join(folder, 'running')), []);
  const pending = await readdir(join(folder, 'pending'));
  t.strictSame(pending.filter((name) => !name.startsWith('.')).sort(), ['job.json', 'next.json']);
  await once(folder);
  const { clips } = await resultOf(folder, 'completed', 'job');
  t.strictSame(
    clips.map(({ status }) => status),
    ['skipped', 'completed'],
  );
  t.strictSame(await readdir(join(folder, 'pending')), [], 'nor is a record of it left');
});

t.test('a folder that cannot be used is refused with the reason', async (t) => {
  const folder = await folderFor(t);
  const refused = async (path: string, code: string, message: RegExp) =>
    await t.rejects(watching(path, { once: true }).done, { code, message });
  await refused('/nowhere/at/all', 'source/missing', /is not there: make it, or name another/);
  await writeFile(join(folder, 'file'), '');
  await refused(join(folder, 'file'), 'source/not-a-directory', /is no folder/);
  await rm(join(folder, 'failed'), { recursive: true, force: true });
  await symlink('/tmp', join(folder, 'failed'));
  await refused(folder, 'source/not-a-directory', /failed is a symbolic link: replace it by a folder/);
  await refused('/proc', 'request/invalid', /cannot be made/);

  const other = await folderFor(t);
  const watcher = watching(other);
  await watcher.until('watching');
  await rename(join(other, 'pending'), join(other, 'elsewhere'));
  await t.rejects(watcher.done, { message: /pending is gone: bring it back/ }, 'and so is one that goes away');
});

t.test(
  'a full disk costs nothing but time, folders on two file systems are refused, and so is a read-only one',
  async (t) => {
    if (process.getuid?.() !== 0) {
      t.pass('only root can mount', { skip: 'only root can mount' });
      return;
    }
    const folder = await mkdtemp(join(tmpdir(), 'proxyfs-watch-full-'));
    const mount = (...args: string[]) => execFileSync('mount', args);
    mount('-t', 'tmpfs', '-o', 'size=512k', 'none', folder);
    t.teardown(async () => {
      execFileSync('umount', ['-R', folder]);
      await rm(folder, { recursive: true });
    });
    const output = join(t.testdir({}), 'made.mov');
    await mkdir(join(folder, 'pending'));
    await put(folder, 'job.json', { outputs: [output], ms: 300 });
    await put(folder, 'later.json', { outputs: [], ms: 0 });
    await utimes(join(folder, 'pending', 'job.json'), 5, 5);
    const watcher = watching(folder);
    await watcher.until('taken', 'job');
    await sleep(100);
    execFileSync('sh', ['-c', `cat /dev/zero > '${folder}/filler' 2>/dev/null || true`]);
    await watcher.until('waiting');
    await rm(join(folder, 'filler'));
    await watcher.until('ended', 'later');
    watcher.stop();
    await watcher.done;
    const end = (await readdir(join(folder, 'completed'))).includes('job.json') ? 'completed' : 'failed';
    const result = await resultOf(folder, end, 'job');
    const isMade = result.clips[0]?.status === 'completed';
    t.equal(isMade, end === 'completed');
    t.equal(
      isMade,
      await readFile(output).then(
        () => true,
        () => false,
      ),
      'an output exists exactly when the result says so',
    );
    t.ok(await resultOf(folder, 'completed', 'later'));

    mount('-o', 'remount,ro', folder);
    await t.rejects(watching(folder, { once: true }).done, { code: 'system/permission', message: /read-only/ });
    mount('-o', 'remount,rw', folder);
    mount('-t', 'tmpfs', '-o', 'size=64k', 'none', join(folder, 'completed'));
    await t.rejects(watching(folder, { once: true }).done, {
      code: 'request/invalid',
      message: /are on different file systems/,
    });
    execFileSync('umount', [join(folder, 'completed')]);
    mount('--bind', join(folder, 'completed'), join(folder, 'completed'));
    await t.rejects(
      watching(folder, { once: true }).done,
      { message: /are on different file systems/ },
      'also where the device is the same',
    );
  },
);

t.test('a spec that this user may not read fails with that reason', async (t) => {
  if (process.getuid?.() !== 0) {
    const folder = await folderFor(t);
    await put(folder, 'mine.json', {});
    await chmod(join(folder, 'pending', 'mine.json'), 0);
    await once(folder);
    t.match((await resultOf(folder, 'failed', 'mine')).violations[0]?.message, /cannot be read by this user/);
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), 'proxyfs-watch-user-'));
  t.teardown(() => rm(folder, { recursive: true }));
  await mkdir(join(folder, 'pending'));
  await put(folder, 'mine.json', {});
  await chmod(join(folder, 'pending', 'mine.json'), 0);
  execFileSync('chown', ['65534', folder, join(folder, 'pending')]);
  process.seteuid?.(65534);
  try {
    await once(folder);
  } finally {
    process.seteuid?.(0);
  }
  t.match((await resultOf(folder, 'failed', 'mine')).violations[0]?.message, /cannot be read by this user/);
});
