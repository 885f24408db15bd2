import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { createColors } from 'picocolors';
import t from 'tap';
import { statusScreen } from '../../ctl/output/status-screen.js';
import { connect } from '../../src/control/client.js';
import { type FakeDaemon, startFakeDaemon } from '../fixtures/fake-daemon.js';
import { PROXYFS, runInPlace } from '../fixtures/run-proxyfs.js';

/** What `proxyfs status --watch` writes to a terminal of this size until Ctrl-C. */
async function watchOn(
  daemon: FakeDaemon,
  columns: number,
  rows: number,
): Promise<{ output: string; exitCode: number }> {
  // The shell gets the Ctrl-C as well: some shells die of it, unless they catch it, before they can tell the exit code.
  const command = `trap : INT; stty cols ${columns} rows ${rows}; '${process.execPath}' '${PROXYFS}' status --watch --interval 0.1; echo "ended $?"; stty -a`;
  const child = spawn('script', ['-qfec', command, '/dev/null'], {
    cwd: daemon.record.mountPoint,
    env: { ...process.env, ...daemon.env, TERM: 'xterm', NO_COLOR: '1' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  const ended = new Promise<number>((resolve) => child.once('exit', (code) => resolve(code ?? -1)));
  for (let left = 200; left > 0 && output.split('\u001b[J').length < 4; left -= 1) await sleep(50);
  child.stdin.write('\u0003');
  return { exitCode: await ended, output };
}

/** The rows of a terminal after this output: enough of one for what the command writes. */
function screenOf(output: string, columns: number, rows: number): string[] {
  const screen = Array.from({ length: rows }, () => '');
  let [row, column] = [0, 0];
  for (const [token] of output.matchAll(/\u001b\[[?\d;]*[A-Za-z]|\r|\n|[^\u001b\r\n]/gu)) {
    if (token === '\r') column = 0;
    else if (token === '\n') row += 1;
    else if (token.endsWith('A') && token.startsWith('\u001b')) row -= Number(token.slice(2, -1));
    else if (token === '\u001b[K') screen[row] = (screen[row] ?? '').slice(0, column);
    else if (token === '\u001b[J') screen.fill('', row + 1);
    else if (!token.startsWith('\u001b')) {
      // Without wrapping the last column is written over and over.
      const at = Math.min(column, columns - 1);
      const line = (screen[row] ?? '').padEnd(at);
      screen[row] = line.slice(0, at) + token + line.slice(at + 1);
      column = at + 1;
    }
    if (row >= rows) {
      screen.splice(0, row - rows + 1);
      while (screen.length < rows) screen.push('');
      row = rows - 1;
    }
  }
  return screen;
}

t.test('status --watch draws in its place, also on a small terminal, and gives the terminal back', async (t) => {
  const daemon = await startFakeDaemon();
  t.teardown(() => daemon.close());
  for (const [columns, rows] of [
    [100, 40],
    [32, 8],
  ] as const) {
    const { output, exitCode } = await watchOn(daemon, columns, rows);
    t.equal(exitCode, 0);
    t.match(output, /ended 0\r\n/, 'Ctrl-C is the orderly end');
    const [drawn = '', after = ''] = output.split('\u001b[?25h');
    t.match(after, /[^-]echo\b/, 'the terminal echoes again');
    t.match(output, /\u001b\[\?7l.*\u001b\[\?7h/s, 'wrapping is switched off and on');
    const frames = drawn.split('\u001b[J').length - 1;
    t.ok(frames >= 3, `${frames} pictures`);
    const screen = screenOf(drawn, columns, rows);
    const heads = screen.filter((line) => line.startsWith('Project'));
    t.equal(heads.length, 1, 'one picture on the screen, however often it was drawn');
    t.match(screen[0], /^Project/);
    if (rows < 20) t.match(screen[rows - 2], /^… \d+ more lines/, 'what does not fit is counted');
    else
      t.ok(
        screen.some((line) => line.includes('wait.mov')),
        'running jobs are shown',
      );
  }
});

t.test('without a terminal it prints one picture after the other, and with --json one line each', async (t) => {
  const daemon = await startFakeDaemon();
  t.teardown(() => daemon.close());
  const watch = async (argv: string[]) => {
    const options = { cwd: daemon.record.mountPoint, env: daemon.env };
    return await runInPlace(['status', '--watch', '--interval', '0.1', ...argv], {
      ...options,
      onStart: (interrupt) => setTimeout(interrupt, 700),
    });
  };
  const plain = await watch([]);
  t.equal(plain.exitCode, 0);
  t.ok(plain.stdout.split('\nMount ').length > 2);
  t.notMatch(plain.stdout, '\u001b');
  const json = await watch(['--json']);
  const lines = json.stdout.trimEnd().split('\n');
  t.ok(lines.length > 1);
  for (const line of lines) t.match(JSON.parse(line), { info: { driver: 'native' }, assets: { total: 5 } });
});

t.test('one screen says how much, how far, how long, and what does not work', async (t) => {
  const daemon = await startFakeDaemon();
  t.teardown(() => daemon.close());
  const { stdout } = await runInPlace(['status'], { cwd: daemon.record.mountPoint, env: daemon.env });
  t.match(stdout, /\nQueue +1 waiting, 1 running, 2 done, 1 failed; all done in about 2:10\n/);
  t.match(stdout, /\nSpace +24\.6 MB of proxies for 440\.0 MB of masters \(6 %\); masters in all 440\.0 MB; /);
  t.match(stdout, /\nScan +6 media files found, ended at /);
  t.match(stdout, /\n +12\/100 +48 fps {2}2\.0x +0:02 left +wait\.mov\n/);
  t.match(stdout, /masters in all 440\.0 MB; 975\.4 MB free for proxies\n/, 'a quota leaves less than the disk');
  t.notMatch(stdout, /not examined yet|cannot be recorded/);
});

t.test('what is not examined yet, being checked, or in danger is said', async (t) => {
  const daemon = await startFakeDaemon();
  t.teardown(() => daemon.close());
  const client = await connect(daemon.record);
  const [info, status] = await Promise.all([client.call('daemon.info', {}), client.call('status', {})]);
  client.close();
  const screen = statusScreen(
    info,
    {
      ...status,
      assets: { ...status.assets, total: 8 },
      space: { ...status.space, stateFree: 0 },
      work: { ...status.work, reason: 'no room (1.3 MB of 1.5 MB, and the next needs about 1.0 MB)' },
      cache: { ...status.cache, note: 'no room (1.3 MB of 1.5 MB, and the next needs about 981.5 kB)' },
      running: [
        { path: 'a.mov', frame: 100, frames: 100, fps: 0, speed: 2, etaSeconds: null, suspended: false },
        { path: 'b.mov', frame: 50, frames: 100, fps: 0, speed: 0, etaSeconds: null, suspended: true },
      ],
    },
    createColors(false),
    0,
  );
  t.notMatch(screen, /Note: no room/, 'once');
  t.match(screen, /\nClips +8: .*, 1 failed, 3 not examined yet\n/);
  t.match(screen, new RegExp(`\nNote: 0 B free at ${info.stateDir}, where the catalog lies: .* free some space\n`));
  t.match(screen, /\n +100\/100 +being checked +a\.mov\n/);
  t.match(screen, /\n +50\/100 +stands still +b\.mov\n/);
});
