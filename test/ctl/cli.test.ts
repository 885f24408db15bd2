import { execFile } from 'node:child_process';
import { access, mkdtemp, readdir, symlink, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t, { type Test } from 'tap';
import { ProxyfsError } from '../../src/base/error.js';
import { type FakeDaemon, sampleFlip, sampleHandle, startFakeDaemon } from '../fixtures/fake-daemon.js';
import { PROXYFS, type RunOptions, runAsProcess, runInPlace } from '../fixtures/run-proxyfs.js';

async function daemonFor(t: Test, overrides: Parameters<typeof startFakeDaemon>[0] = {}): Promise<FakeDaemon> {
  const daemon = await startFakeDaemon(overrides);
  t.teardown(() => daemon.close());
  return daemon;
}

const inside = (daemon: FakeDaemon): RunOptions => ({ cwd: daemon.record.mountPoint, env: daemon.env });

t.test('a result is text without --json, and with it exactly one document equal to the daemon’s answer', async (t) => {
  const daemon = await daemonFor(t);
  const plain = await runInPlace(['mode'], inside(daemon));
  t.match(plain, { exitCode: 0, stdout: 'proxy mode with 1 override\n  master  A001\n', stderr: '' });
  for (const argv of [
    ['mode'],
    ['status'],
    ['ls'],
    ['why', 'ready.mov'],
    ['handles'],
    ['flush'],
    ['queue'],
    ['pause', '--for', '1h30m'],
    ['resume'],
    ['cancel', '.'],
    ['assert', 'proxy', '.'],
  ]) {
    const run = await runInPlace([...argv, '--json'], inside(daemon));
    t.equal(run.exitCode, 0, argv.join(' '));
    t.equal(run.stderr, '');
    t.type(JSON.parse(run.stdout), 'object');
  }
  const listed = JSON.parse((await runInPlace(['ls', '--json'], inside(daemon))).stdout);
  t.equal(listed.entries.length, 7);
});

t.test('the queue shows turns, reasons and pauses; a pause says what, since when and until when', async (t) => {
  const daemon = await daemonFor(t);
  const { stdout } = await runInPlace(['queue'], inside(daemon));
  t.match(stdout, /1 +new footage .* 1:30 +wait\.mov +1 attempt; ffmpeg failed\n/);
  t.match(stdout, /2 +backlog .* A001\/held\.mov +paused with A001\n/);
  t.match(stdout, /In all 2 waiting, 1 running, 1 failed\.\npaused: A001 since .*\n1 of 2 at work: the disks are busy/);
  t.match((await runInPlace(['status'], inside(daemon))).stdout, /Work +paused: A001 since .*\nWork +1 of 2 at work/);
  const paused = await runInPlace(['pause', 'A001', '--class', 'backlog', '--for', '2h'], inside(daemon));
  t.match(paused.stdout, /^paused: backlog in A001 since .* until .*\n$/);
  const resumed = await runInPlace(['resume', 'A002'], inside(daemon));
  t.match(resumed.stdout, /^Nothing was paused there\.\nstill paused: A001 since/);
  t.match(await runInPlace(['cancel', 'A001'], inside(daemon)), { stdout: '2 jobs cancelled, 1 of them running\n' });
  t.match(await runInPlace(['pause', '--for', 'ever'], inside(daemon)), {
    exitCode: 1,
    stderr: /'ever' is no length of time: give one such as 30m/,
  });
});

t.test(
  'an error is one sentence on stderr, or with --json a document on stdout; both with its exit code',
  async (t) => {
    const daemon = await daemonFor(t, {
      'mode.set': async () => {
        throw new ProxyfsError('mode/pinned', 'the mount is pinned to master: mount it without --pin', {
          details: { pinned: 'master' },
        });
      },
      flush: async () => {
        throw new ProxyfsError('flip/rolled-back', 'a changed path did not read as expected');
      },
      handles: async () => {
        throw new ProxyfsError('store/damaged', 'the catalog is\ndamaged');
      },
    });
    const pinned = await runInPlace(['mode', 'proxy'], inside(daemon));
    t.match(pinned, {
      exitCode: 1,
      stdout: '',
      stderr: 'proxyfs: the mount is pinned to master: mount it without --pin\n',
    });
    const asJson = await runInPlace(['mode', 'proxy', '--json'], inside(daemon));
    t.equal(asJson.exitCode, 1);
    t.equal(asJson.stderr, '');
    t.strictSame(JSON.parse(asJson.stdout), {
      error: {
        code: 'mode/pinned',
        message: 'the mount is pinned to master: mount it without --pin',
        details: { pinned: 'master' },
      },
    });
    t.equal((await runInPlace(['flush'], inside(daemon))).exitCode, 2);
    const system = await runInPlace(['handles'], inside(daemon));
    t.match(system, { exitCode: 4, stderr: 'proxyfs: the catalog is\\ndamaged\n' });
    const debug = await runInPlace(['flush'], { ...inside(daemon), env: { ...daemon.env, PROXYFS_DEBUG: '1' } });
    t.match(debug.stderr, /\n {4}at /, 'PROXYFS_DEBUG shows the stack');
  },
);

t.test('a command line that cannot be understood exits with 1 and names the help', async (t) => {
  const refusals: [string[], RegExp][] = [
    [[], /Say what to do; see 'proxyfs --help'/],
    [['frobnicate'], /there is no command 'frobnicate'; see 'proxyfs --help'/],
    [['mod'], /did you mean 'proxyfs mode'; see/],
    [['ls', '--nonsense'], /there is no option --nonsense; see 'proxyfs ls --help'/],
    [['mount', 'a', 'b', '--ttl-day', '3'], /there is no option --ttl-day, did you mean --ttl-days; see/],
    [['prewarm', 'a', '--dryrun'], /there is no option --dryrun, did you mean --dry-run; see/],
    [['why'], /an argument is missing; see 'proxyfs why --help'/],
    [['ls', '--project', 'a', '--project', 'b'], /--project is given twice/],
    [['mode', 'fast'], /'fast' is not a mode/],
    [['mode', '--clear'], /name the paths/],
    [['mode', '--wait'], /--wait goes with a flip/],
    [['assert', 'both', '.'], /'both' will not do for mode: say proxy or master/],
    [['mount', 'a', 'b', '--pin'], /--pin needs the mode/],
    [['mount', 'a', 'b', '--foreground', '--json'], /leave one of them out/],
    [['queue', '--limit', '-3'], /'-3' will not do for --limit: give a whole number from 1/],
    [['events', '--last', '1.5'], /'1\.5' will not do for --last: give a whole number from 1/],
    [['history', 'a.mov', '--limit', 'all'], /'all' will not do for --limit: give a whole number from 1/],
    [['watch', '/nowhere', '--max-workers', '0'], /'0' will not do for --max-workers: give a whole number from 1/],
    [['watch', '/nowhere', '--json', '--json-lines'], /leave one of them out|leave one out/],
    [['completion', 'fish'], /say bash or zsh/],
  ];
  for (const [argv, message] of refusals) {
    const run = await runInPlace(argv);
    t.equal(run.exitCode, 1, argv.join(' '));
    const said = argv.includes('--json') ? JSON.parse(run.stdout).error.message : run.stderr;
    t.match(said, message);
    t.notMatch(said, /\n./, 'one line');
  }
  t.match(JSON.parse((await runInPlace(['frobnicate', '--json'])).stdout), { error: { code: 'request/invalid' } });
});

t.test('every command has help with examples, and the help names the exit codes', async (t) => {
  const top = await runInPlace(['--help']);
  const names = Array.from(top.stdout.matchAll(/^ {2}proxyfs (\w+)/gm), (match) => match[1] ?? '');
  t.strictSame(names.sort(), [
    ...[
      'adopt',
      'assert',
      'cancel',
      'completion',
      'config',
      'doctor',
      'events',
      'failures',
      'flush',
      'handles',
      'history',
      'looks',
      'ls',
      'metrics',
      'mode',
      'mount',
      'pause',
      'pictures',
      'pin',
      'plan',
      'prewarm',
      'profiles',
      'queue',
      'resume',
      'run',
      'schema',
      'share',
      'status',
      'unmount',
      'unpin',
      'validate',
      'verify',
      'watch',
      'why',
    ],
  ]);
  for (const name of names) {
    const help = await runInPlace([name, '--help']);
    t.match(help, { exitCode: 0, stderr: '' }, name);
    t.match(help.stdout, new RegExp(`Examples:\\n.*proxyfs ${name}`), `${name} shows an example`);
    t.match(help.stdout, '--json');
  }
  t.match(top.stdout, 'Exit codes: 0 success, 1 invalid request, 2 execution failed, 3 partly done, 4 system error.');
});

t.test(
  'path arguments count from where you are, in the mount or in the source, and reach the daemon project-relative',
  async (t) => {
    const daemon = await daemonFor(t);
    const { source, mountPoint } = daemon.record;
    const asked = async (argv: string[], cwd: string): Promise<unknown> => {
      const run = await runInPlace(argv, { cwd, env: daemon.env });
      t.equal(run.exitCode, 0, run.stderr);
      return daemon.calls.at(-1)?.params;
    };
    t.strictSame(await asked(['ls'], join(mountPoint, 'A001')), { path: 'A001' });
    t.strictSame(await asked(['ls', '..'], join(mountPoint, 'A001')), { path: '' });
    t.strictSame(await asked(['why', 'clip.mov'], join(source, 'A001')), { path: 'A001/clip.mov' });
    t.strictSame(await asked(['why', join(mountPoint, 'x.mov')], '/'), { path: 'x.mov' }, 'a path names its project');
    t.strictSame(await asked(['why', join(source, 'x.mov')], '/'), { path: 'x.mov' });
    t.strictSame(
      await asked(['why', 'x.mov', '--project', mountPoint], '/'),
      { path: 'x.mov' },
      'elsewhere: from the root',
    );
    t.strictSame(await asked(['why', 'x.mov', '--project', daemon.record.project], '/'), { path: 'x.mov' });
    t.strictSame(await asked(['mode', 'master', '001', '1e3', '--', '-odd.mov'], source), {
      mode: 'master',
      paths: ['001', '1e3', '-odd.mov'],
      wait: false,
    });
    t.strictSame(await asked(['prewarm', 'a', 'A001/b'], source), {
      paths: ['a', 'A001/b'],
      wait: true,
      retryFailed: false,
    });
    const link = join(daemon.root, 'link');
    await symlink(mountPoint, link);
    t.strictSame(
      await asked(['why', join(link, 'A001/x.mov')], '/'),
      { path: 'A001/x.mov' },
      'through a link elsewhere',
    );
  },
);

t.test('a path outside is refused, naming both places where paths may lie', async (t) => {
  const daemon = await daemonFor(t);
  for (const path of ['/etc/passwd', '../elsewhere', '../../../..']) {
    const run = await runInPlace(['why', path, '--json'], inside(daemon));
    t.equal(run.exitCode, 1);
    const { error } = JSON.parse(run.stdout);
    t.equal(error.code, 'path/outside-project');
    t.match(error.message, daemon.record.source);
    t.match(error.message, daemon.record.mountPoint);
  }
  t.equal(daemon.calls.length, 0, 'the daemon was not asked');
  const nowhere = await runInPlace(['status'], { cwd: '/', env: daemon.env });
  t.match(nowhere, { exitCode: 1, stderr: /belongs to no mounted project/ });
});

t.test('a daemon that is gone or breaks off is a system error with the way out', async (t) => {
  const daemon = await daemonFor(t, { status: async () => process.nextTick(() => undefined) as never });
  const broken = await runInPlace(['status'], inside(daemon));
  t.equal(broken.exitCode, 4, 'an answer that does not fit the schema');
  await unlink(daemon.record.socket);
  const gone = await runInPlace(['status'], inside(daemon));
  t.match(gone, { exitCode: 4, stderr: /no daemon answers at .* 'proxyfs mount'/ });
});

t.test('assert lists what is wrong and fails; flips report what stayed master and who holds the old', async (t) => {
  const daemon = await daemonFor(t, {
    assert: async () => ({
      checked: 4,
      wrong: [{ path: 'A001/b\n.mov', variant: 'proxy', reason: 'proxy mode' }],
      wrongCount: 1,
    }),
    'mode.set': async () => ({ ...sampleFlip, handles: [sampleHandle] }),
  });
  const text = await runInPlace(['assert', 'master', '.'], inside(daemon));
  t.match(text, {
    exitCode: 1,
    stdout: 'A001/b\\n.mov  proxy mode\n',
    stderr: "proxyfs: 1 of 4 media files do not serve the master: 'proxyfs mode master' flips them\n",
  });
  const document = JSON.parse((await runInPlace(['assert', 'master', '.', '--json'], inside(daemon))).stdout);
  t.match(document, { checked: 4, wrongCount: 1, error: { code: 'assert/not-served-so' } });
  const flip = await runInPlace(['mode', 'proxy'], inside(daemon));
  t.match(flip.stdout, /^proxy mode: 3 paths changed in 12 ms/);
  t.match(flip.stdout, /1 file in proxy mode still serves its master:\n {2}A001\/wait\.mov {2}its proxy is waiting/);
  t.match(flip.stdout, /A001\/held\.mov {2}master \(outdated\) {2}4242 {2}resolve/);
});

t.test('Ctrl-C ends the wait for open files, says that the flip stands, and exits with 3', async (t) => {
  let interrupt = (): void => undefined;
  const daemon = await daemonFor(t, {
    'mode.set': async (_params, { progress, signal }) => {
      progress({ kind: 'waiting-for-handles', handles: [sampleHandle] });
      setTimeout(interrupt, 50);
      return await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    },
  });
  const run = await runInPlace(['mode', 'master', '--wait'], {
    ...inside(daemon),
    onStart: (stop) => {
      interrupt = stop;
    },
  });
  t.equal(run.exitCode, 3);
  t.match(run.stderr, /waiting for 1 open file/);
  t.match(run.stderr, /the mode is flipped, but 1 open file still read the old variant/);
});

t.test('unmount waits for the end of the daemon, and says who is in the way of one that is busy', async (t) => {
  const daemon = await daemonFor(t, {
    unmount: async () => {
      throw new ProxyfsError('mountpoint/busy', '/show is in use: bash (pid 7) works in /show/A001', {
        details: { handles: [sampleHandle] },
      });
    },
  });
  const run = await runInPlace(['unmount', daemon.record.mountPoint], { cwd: '/', env: daemon.env });
  t.match(run, {
    exitCode: 1,
    stderr: /in use: bash \(pid 7\) works in \/show\/A001: 'proxyfs handles --project .*' lists open files, --force/,
  });
  const nothing = await runInPlace(['unmount', '/tmp'], { cwd: '/', env: daemon.env });
  t.match(nothing, { exitCode: 1, stderr: /belongs to no mounted project/ });
});

t.test('the program itself starts fast, prints one document, and leaves quietly when its reader goes', async (t) => {
  const daemon = await daemonFor(t);
  const run = await runAsProcess(['ls', '--json'], inside(daemon));
  t.equal(run.exitCode, 0, run.stderr);
  t.equal(JSON.parse(run.stdout).entries.length, 7);
  const refused = await runAsProcess(['why', '/etc'], inside(daemon));
  t.match(refused, { exitCode: 1, stdout: '' });
  t.notMatch(refused.stderr, /\bat /);
  const completions = await runAsProcess(['--get-yargs-completions', 'proxyfs', 'mount', '--driver', ''], {
    env: { SHELL: '/bin/bash' },
  });
  t.match(completions.stdout, /^auto\nnative\nportable$/m);
});

t.test('a removed working directory is named as such', async (t) => {
  const daemon = await daemonFor(t);
  const gone = await mkdtemp(join(tmpdir(), 'proxyfs-gone-'));
  // The test runner asks every Node process through NODE_OPTIONS to load a module of its own, which needs a cwd.
  const leave = `cd '${gone}' && rmdir '${gone}' && unset NODE_OPTIONS`;
  const argv = ['-c', `${leave} && exec '${process.execPath}' '${PROXYFS}' status`];
  const failure = await promisify(execFile)('/bin/sh', argv, { env: { ...process.env, ...daemon.env } }).catch(
    (error: unknown) => error,
  );
  t.match(failure, { code: 1, stderr: 'proxyfs: the current directory no longer exists: go to another one\n' });
});

t.test('doctor finds a machine that does the main job, and leaves no trial mount behind', async (t) => {
  const usable = await access('/dev/fuse').then(
    () => true,
    () => false,
  );
  if (!usable) {
    t.pass('no /dev/fuse here', { skip: 'no /dev/fuse here' });
    return;
  }
  const run = await runAsProcess(['doctor', '--json']);
  const { checks } = JSON.parse(run.stdout) as { checks: { name: string; state: string; wayOut: string | null }[] };
  t.equal(run.exitCode, checks.some((check) => check.state === 'fail') ? 4 : 0);
  t.ok(
    checks.every((check) => (check.state === 'ok') === (check.wayOut === null)),
    'what is not well has a way out',
  );
  t.ok(checks.some((check) => check.name === 'mounting'));
  t.strictSame(
    (await readdir(tmpdir())).filter((name) => name.startsWith('proxyfs-doctor-')),
    [],
  );
  const named = JSON.parse(run.stdout).checks.map((check: { name: string }) => check.name);
  t.ok(named.includes('DaVinci Resolve'));
  const lame = await runAsProcess(['doctor', '--json'], { env: { PATH: '/nonexistent', FFMPEG_PATH: '' } });
  t.equal(lame.exitCode, 4);
  t.match(JSON.parse(lame.stdout), { error: { code: 'driver/unavailable', details: { failed: ['FFmpeg'] } } });
});
