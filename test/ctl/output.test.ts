import { createColors } from 'picocolors';
import t from 'tap';
import { LEGEND, markerOf } from '../../ctl/commands/ls.js';
import { checkKernel } from '../../ctl/doctor/system.js';
import { checkProfile } from '../../ctl/doctor/toolchain.js';
import { escapeName, escapeText } from '../../ctl/output/escape.js';
import { counted, formatClockTime, formatMilliseconds, formatMoment } from '../../ctl/output/quantities.js';
import { quoteWord } from '../../ctl/output/quote.js';
import { formatTable, shorten } from '../../ctl/output/table.js';
import { barLine, clipLine, type Generate, plainLine, scanLine } from '../../ctl/progress/prewarm-line.js';
import { hasColour } from '../../ctl/terminal.js';
import { findProfile } from '../../src/profiles/profiles.js';
import { sampleEntries, startFakeDaemon } from '../fixtures/fake-daemon.js';
import { runInPlace } from '../fixtures/run-proxyfs.js';

t.test('names with control characters stay on one line and cannot move the cursor', async (t) => {
  t.equal(escapeName('plain name.mov'), 'plain name.mov');
  t.equal(escapeName('back\\slash.mov'), 'back\\slash.mov', 'ordinary backslashes stay');
  t.equal(escapeName('a\nb\\c.mov'), 'a\\nb\\\\c.mov', 'with an escape in it, backslashes are told apart');
  t.equal(escapeName('\u001b[31mred\u0007\u0085'), '\\x1b[31mred\\x07\\x85');
  t.equal(escapeName('\u202egpj.mov'), '\\u202egpj.mov', 'text that runs backwards');
  t.equal(escapeName('日本語 ü.mov'), '日本語 ü.mov');
  t.equal(escapeText('one\r\ntwo'), 'one\\r\\ntwo');
});

t.test('tables align by what a terminal shows', async (t) => {
  const text = formatTable(
    [{}, {}],
    [
      ['日本', 'x'],
      ['abcd', 'y'],
      [createColors(true).red('ab'), 'z'],
    ],
  );
  const [wide = '', narrow = '', red = ''] = text.split('\n');
  t.equal(wide, '日本  x');
  t.equal(narrow, 'abcd  y');
  t.match(red, / {4}z$/);
  t.equal(formatTable([{}], []), '');
});

t.test('a table that is wider than the terminal shortens names in the middle, and nothing else', async (t) => {
  const long = 'A001/A001_C012_a_clip_with_a_name_that_is_too_long_take_12.mov';
  const rows = [
    ['1', long, 'remark'],
    ['2', '日本'.repeat(30), ''],
    ['3', 'short.mov', 'x'],
  ];
  const columns = [{}, { heading: 'file', shrinks: true }, {}];
  const lines = formatTable(columns, rows, 40).split('\n');
  t.match(lines[1], /^1 {2}A001\/A001…oo_long_take_12\.mov {2}remark$/);
  t.equal(lines[1]?.length, 40);
  t.match(lines[2], /^2 {2}(日本)+日?…本?(日本)+$/);
  t.match(lines[3], /^3 {2}short\.mov +x$/);
  t.match(formatTable(columns, rows), long, 'a pipe gets all of it');
  t.match(formatTable(columns, rows, 200), long, 'as does a terminal that is wide enough');
  t.equal(shorten('äöü.mov', 7), 'äöü.mov');
  t.equal(shorten('abcdefghij.mov', 9), 'ab…ij.mov');
});

t.test('times and counts read as people say them', async (t) => {
  t.strictSame([0, 7.4, 59.6, 61, 3599, 3723].map(formatClockTime), [
    '0:00',
    '0:07',
    '1:00',
    '1:01',
    '59:59',
    '1:02:03',
  ]);
  t.strictSame([0.004, 9.5, 12.4, 1500].map(formatMilliseconds), ['0.00 ms', '9.50 ms', '12 ms', '1.5 s']);
  t.equal(counted(1, 'clip'), '1 clip');
  t.equal(counted(1234, 'proxy', 'proxies'), '1,234 proxies');
  const noon = new Date(2024, 4, 5, 12, 0, 1).getTime();
  t.equal(formatMoment(noon, noon + 1000), '12:00:01');
  t.equal(formatMoment(noon, noon + 86_400_000), '2024-05-05 12:00:01');
});

t.test('each file of a listing has the marker that the legend explains', async (t) => {
  t.strictSame(sampleEntries.map(markerOf), [' ', 'P', 'M', '…', '!', '-', ' ']);
  for (const marker of ['P', 'M', '…', '!', '-', '?']) t.match(LEGEND, `${marker} `);
  t.equal(markerOf({ kind: 'media', variant: 'master', state: 'unknown' }), '?');
});

t.test('a command line can be pasted into a shell', async (t) => {
  t.strictSame(['-i', '/a/b.mov', "it's", 'a b', '', '$x'].map(quoteWord), [
    ...['-i', '/a/b.mov', `'it'\\''s'`, "'a b'", "''", "'$x'"],
  ]);
});

const half: Generate = {
  kind: 'generate',
  clipsDone: 1,
  clipsTotal: 4,
  framesDone: 50,
  framesTotal: 100,
  fps: 47.6,
  speed: 1.99,
  etaSeconds: 61,
  current: ['A/b\n.mov'],
  reason: null,
};

t.test('progress is one line with clips, frames, speed and time left, in the width there is', async (t) => {
  t.equal(
    barLine(half, 200),
    `${'█'.repeat(12)}${'░'.repeat(12)} 1/4 clips  50/100 frames  48 fps  2.0x  ETA 1:01  A/b\\n.mov`,
  );
  t.ok(barLine(half, 30).length < 30, 'never a second line');
  t.match(barLine({ ...half, framesTotal: 0, etaSeconds: null }, 200), /^░{24} .*ETA -:--/);
  const standing = { ...half, etaSeconds: null, reason: 'mpv (pid 7) plays a.mov' };
  t.match(plainLine(standing), /50 of 100 frames, stands still: mpv \(pid 7\) plays a\.mov$/);
  t.equal(plainLine(half), '1 of 4 clips, 50 of 100 frames, 48 fps, 2.0x, 1:01 left');
  t.equal(scanLine({ kind: 'scan', found: 9, probed: 3, total: null }), 'Looking at the files: 3 of 9 examined');
  const clip = {
    path: 'a.mov',
    outcome: 'made' as const,
    reason: null,
    masterSize: 2e6,
    proxySize: 1e6,
    seconds: 4.21,
  };
  t.equal(clipLine(clip), 'made          a.mov  2.0 MB -> 1.0 MB  4.2 s');
});

t.test('colour is for terminals, and NO_COLOR is respected', async (t) => {
  t.equal(hasColour(true, {}), true);
  t.equal(hasColour(true, { NO_COLOR: '1' }), false);
  t.equal(hasColour(true, { NO_COLOR: '' }), true);
  t.equal(hasColour(false, {}), false);
});

t.test('doctor tells an old kernel and a poor FFmpeg from good ones', async (t) => {
  t.equal(checkKernel('6.9.0-1-amd64').state, 'ok');
  t.equal(checkKernel('6.18.44').state, 'ok');
  t.equal(checkKernel('7.0.1').state, 'ok');
  t.equal(checkKernel('6.1.0-18-amd64').state, 'warn');
  const encoders = (names: string[]) => ({
    encoders: {
      encoders: new Set(names),
      muxers: new Set(['mov', 'mp4', 'mxf']),
      filters: new Set(''),
      options: new Set(''),
    },
  });
  const profile = findProfile('edit');
  t.equal(checkProfile(profile, encoders(['prores_ks', 'dnxhd', 'libx264'])).state, 'ok');
  const poor = checkProfile(profile, encoders(['dnxhd', 'prores_aw']));
  t.match(poor, { state: 'warn', finding: /no proxies for \.mp4, \.m4v: this FFmpeg lacks libx264 in mp4/ });
  t.equal(checkProfile(profile, encoders([])).state, 'fail');
});

const made = { outcome: 'made' as const, reason: null, masterSize: 10e6, proxySize: 1e6, seconds: 1 };
const clips = [
  { path: 'a.mov', ...made },
  { ...made, path: 'b.mov', outcome: 'failed' as const, reason: 'moov atom not found', proxySize: null },
  { ...made, path: 'd.mov', outcome: 'cancelled' as const, reason: 'the file changed', proxySize: null },
  { ...made, path: 'c.wav', outcome: 'ineligible' as const, reason: 'sound without picture', proxySize: null },
];

t.test('prewarm draws a bar on a terminal, prints lines into a pipe, and nothing beside its document', async (t) => {
  const result = { clips, made: 1, failed: 1, ineligible: 1, alreadyThere: 0, queued: 0 };
  const daemon = await startFakeDaemon({
    prewarm: async (_params, { progress }) => {
      progress({ kind: 'scan', found: 3, probed: 1, total: 3 });
      progress(half);
      for (const clip of clips) progress({ kind: 'clip', clip });
      return result;
    },
  });
  t.teardown(() => daemon.close());
  const where = { cwd: daemon.record.mountPoint, env: daemon.env };
  const piped = await runInPlace(['prewarm', '.'], where);
  t.equal(piped.exitCode, 3, 'some failed');
  t.notMatch(piped.stdout, /[\r\u001b█]/);
  t.match(piped.stdout, /^made {10}a\.mov {2}10\.0 MB -> 1\.0 MB/m);
  t.match(piped.stdout, /^4 clips: 1 made \(10\.0 MB -> 1\.0 MB\), 1 stay master, 1 failed, 1 cancelled$/m);
  t.match(piped.stdout, /^Failed:\n {2}b\.mov {2}moov atom not found$/m);
  t.match(piped.stdout, /^Cancelled:\n {2}d\.mov {2}the file changed$/m);
  t.match(piped.stderr, /^proxyfs: 2 clips got no proxy and will serve the master: .*--retry-failed tries again\n$/);
  const json = await runInPlace(['prewarm', '.', '--json'], where);
  t.equal(json.exitCode, 3);
  t.match(JSON.parse(json.stdout), { ...result, error: { code: 'generate/partly-done' } });
  const drawn = await runInPlace(['prewarm', '.'], { ...where, interactive: true });
  t.match(drawn.stdout, /4 clips: 1 made/);
});

t.test('prewarm fails when nothing could be made, and Ctrl-C only ends the watching', async (t) => {
  let interrupt = (): void => undefined;
  let stuck = false;
  const daemon = await startFakeDaemon({
    prewarm: async (_params, { signal }) => {
      if (!stuck) return { clips: clips.slice(1, 2), made: 0, failed: 1, ineligible: 0, alreadyThere: 0, queued: 0 };
      setTimeout(interrupt, 20);
      return await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    },
  });
  t.teardown(() => daemon.close());
  const where = { cwd: daemon.record.mountPoint, env: daemon.env };
  t.equal((await runInPlace(['prewarm', '.'], where)).exitCode, 2);
  stuck = true;
  const stopped = await runInPlace(['prewarm', '.'], {
    ...where,
    onStart: (stop) => {
      interrupt = stop;
    },
  });
  t.match(stopped, { exitCode: 3, stderr: /stopped following; the proxies are still being made/ });
});
