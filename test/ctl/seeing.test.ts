import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { ProxyfsError } from '../../src/base/error.js';
import { writeRecord } from '../../src/control/discovery.js';
import { sampleEvents, sampleProxy, servedPath, startFakeDaemon } from '../fixtures/fake-daemon.js';
import { type Run, runInPlace } from '../fixtures/run-proxyfs.js';

type Overrides = Parameters<typeof startFakeDaemon>[0];

async function inProject(t: Test, overrides: Overrides = {}) {
  const daemon = await startFakeDaemon(overrides);
  t.teardown(() => daemon.close());
  const inside = { cwd: daemon.record.mountPoint, env: daemon.env };
  const run = (argv: string[], onStart?: (interrupt: () => void) => void): Promise<Run> =>
    runInPlace(argv, { ...inside, ...(onStart === undefined ? {} : { onStart }) });
  return { daemon, run };
}

const lines = (run: Run) => run.stdout.trimEnd().split('\n');

t.test('events are one JSON object a line, or sentences, or with --json one document', async (t) => {
  const { daemon, run } = await inProject(t);
  const plain = lines(await run(['events'])).map((line) => JSON.parse(line));
  t.same(
    plain.map(({ kind }) => kind),
    ['flip', 'write-refused', 'published'],
  );
  t.equal(plain[0].at, '2001-09-09T01:46:40.000Z');
  t.same(JSON.parse((await run(['events', '--json'])).stdout), { events: sampleEvents });
  const text = lines(await run(['events', '--text']));
  t.match(
    text[0],
    /flip +mode master, request master, 3 paths changed, 1 stayed master, in 12 ms; by anna with 'proxyfs mode master'$/,
  );
  t.match(text[1], /write-refused {2}A001\/old\.mov {2}by exiftool \(9\)$/);
  t.match(text[2], /published +ready\.mov {2}profile edit, 2\.0 MB, in 3\.2 s$/);
  await run(['events', 'A001', '--since', '2h', '--kind', 'flip, failed']);
  const asked = daemon.calls
    .filter(({ method }) => method === 'events')
    .map(({ params }) => params as { from?: number });
  t.match(asked.at(-2), { after: 0, path: 'A001', kinds: ['flip', 'failed'] }, 'all pages since then are read');
  t.match(asked.at(-1), { after: 3 });
  t.ok(Math.abs((asked.at(-1)?.from ?? 0) - (Date.now() - 7_200_000)) < 60_000);
  t.match(await run(['events', '--since', 'yesterday']), { exitCode: 1, stderr: /'yesterday' is no moment/ });
});

t.test('a follower hears each event once, in order, until Ctrl-C', async (t) => {
  let told = 1;
  const { run } = await inProject(t, {
    events: async ({ after, waitSeconds = 0 }, { signal }) => {
      if (after === undefined) return { events: sampleEvents.slice(0, 1), last: 1 };
      if (told >= 3) await sleep(waitSeconds * 1000, undefined, { signal });
      told = Math.max(told, after + 1);
      const events = sampleEvents.filter(({ id }) => id === after + 1);
      return { events, last: events[0]?.id ?? after };
    },
  });
  const followed = await run(['events', '--follow'], (interrupt) => {
    const timer = setInterval(() => {
      if (told < 3) return;
      clearInterval(timer);
      setTimeout(interrupt, 100);
    }, 20);
  });
  t.equal(followed.exitCode, 0);
  t.same(
    lines(followed).map((line) => JSON.parse(line).id),
    [2, 3],
    'from now on',
  );
});

t.test('a follower goes on when the project is unmounted and mounted again', async (t) => {
  let [isTold, isMounted] = [false, true];
  const { daemon, run } = await inProject(t, {
    events: async ({ after, waitSeconds = 0 }, { signal }) => {
      if (after === undefined) return { events: [], last: 1 };
      if (isMounted && !isTold) {
        isMounted = false;
        await rm(join(runtime, `${daemon.record.project}.json`));
        setTimeout(() => void writeRecord(daemon.record, runtime), 300);
        throw new ProxyfsError('daemon/unreachable', 'the daemon ends');
      }
      if (isTold) await sleep(waitSeconds * 1000, undefined, { signal });
      isTold = true;
      return { events: sampleEvents.slice(1, 2), last: 2 };
    },
  });
  const runtime = join(daemon.root, 'run', 'proxyfs');
  const followed = await run(['events', '--follow'], (interrupt) => {
    const timer = setInterval(() => {
      if (!isTold) return;
      clearInterval(timer);
      setTimeout(interrupt, 100);
    }, 20);
    setTimeout(interrupt, 20_000).unref();
  });
  t.match(followed, { exitCode: 0, stderr: '' });
  t.match(
    lines(followed).map((line) => JSON.parse(line)),
    [{ id: 2 }],
  );
});

t.test('a history names the earlier name, who asked, the FFmpeg and the command', async (t) => {
  const { run } = await inProject(t);
  const { stdout } = await run(['history', 'ready.mov']);
  t.match(stdout, /^ready\.mov\n {2}2001-09-09 \S+ +write-refused +A001\/old\.mov +by exiftool \(9\)\n/);
  t.match(stdout, /\n {2}\S+ \S+ +published +profile edit, 2\.0 MB, in 3\.2 s\n/);
  t.match(
    stdout,
    /\n {2}Made +(2026-11-\d\d )?\d\d:\d\d:00 to (2026-11-\d\d )?\d\d:\d\d:03 by anna@edit1, of A001\/old\.mov\n/,
  );
  t.match(stdout, /\n {2}FFmpeg +7\.1\n/);
  t.match(stdout, /\n {2}Command +ffmpeg -i 'it'\\''s'\n/);

  const ofCopy = await inProject(t, {
    history: async ({ path }) => ({ path, known: true, events: [], proxies: [sampleProxy] }),
  });
  const said = /^copy\.mov\n {2}nothing is recorded of it: it has the content of A001\/old\.mov, and its proxy\n/;
  t.match((await ofCopy.run(['history', 'copy.mov'])).stdout, said);
});

t.test('failures are gathered by reason, with a way out, and can be tried again', async (t) => {
  const { daemon, run } = await inProject(t, {
    prewarm: async ({ paths }) => ({ ...nothing, clips: [], queued: paths.length }),
  });
  const { stdout } = await run(['failures']);
  t.match(stdout, /^2 clips: FFmpeg: moov atom not found\nWay out: the file is damaged or was not copied to its end/);
  t.match(stdout, '\n  a.mov\n  b\\n.mov\n', 'names cannot end the line');
  t.match((await run(['failures', '--retry'])).stdout, /^2 clips of 2 queued again/);
  t.match(daemon.calls.at(-1), {
    method: 'prewarm',
    params: { paths: ['a.mov', 'b\n.mov'], wait: false, retryFailed: true },
  });
});

t.test('failures of a set that is not served name it, and are tried again in it', async (t) => {
  const failure = { path: 'a.mov', reason: 'no', rejected: false, wayOut: 'none' };
  const both = [
    { ...failure, profile: 'edit', isServed: true },
    { ...failure, profile: 'light', isServed: false },
  ];
  const { daemon, run } = await inProject(t, {
    failures: async () => ({ failures: both }),
    prewarm: async ({ paths }) => ({ ...nothing, clips: [], queued: paths.length }),
  });
  t.equal((await run(['failures'])).stdout, '1 clip: no\nWay out: none\n  a.mov\n  a.mov  (light)\n');
  t.match((await run(['failures', '--retry'])).stdout, /^2 proxies of 2 queued again/);
  const asked = daemon.calls.filter(({ method }) => method === 'prewarm').map(({ params }) => params);
  t.match(asked, [
    { paths: ['a.mov'], profiles: undefined },
    { paths: ['a.mov'], profiles: ['light'] },
  ]);
});

const nothing = { made: 0, failed: 0, ineligible: 0, alreadyThere: 0 };

t.test('a folder shows what a pin holds: by itself, with the folder above, and clips alone', async (t) => {
  const pinned = (path: string, facts: Parameters<typeof servedPath>[1] = {}) =>
    servedPath(path, { pinnedBy: 'A001', ...facts });
  const entries = [
    pinned('A001', { kind: 'directory' }),
    pinned('A001/day', { kind: 'directory' }),
    pinned('A001/hero.mov', { pinnedBy: 'A001/hero.mov' }),
    pinned('A001/next.mov'),
    pinned('A001/notes.txt', { kind: 'file', state: 'not-media' }),
    servedPath('B001/free.mov'),
  ];
  const { run } = await inProject(t, { ls: async () => ({ entries }) });
  const listed = await run(['ls']);
  const columns = (line: string) => line.trim().split(/ {2,}/).slice(3);
  const media = lines(listed).filter((line) => line.startsWith('P'));
  t.strictSame(media.map(columns), [['hero.mov', 'pinned'], ['next.mov', 'pinned with A001/'], ['free.mov']]);
  t.match(listed.stdout, /^ +A001\/ +pinned\n +day\/ +pinned with A001\/\n/);
  t.match(listed.stdout, /notes\.txt *\n/);
});
