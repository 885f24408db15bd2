import { execFileSync } from 'node:child_process';
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { type RealPath, ROOT, type VirtualPath } from '../../src/base/paths.js';
import { isProxyfs, parseMountinfo } from '../../src/scan/mount-points.js';
import { isCandidateName } from '../../src/scan/names.js';
import { type WalkEntry, walk } from '../../src/scan/walk.js';

const options = { hiddenRootNames: ['.proxyfs'], wants: isCandidateName };

async function walkAll(source: string, prefix = '' as VirtualPath): Promise<WalkEntry[]> {
  const entries: WalkEntry[] = [];
  for await (const entry of walk(source as RealPath, prefix, options)) entries.push(entry);
  return entries;
}

const pathsOf = (entries: readonly WalkEntry[]) =>
  entries.flatMap((entry) => (entry.kind === 'file' ? [entry.file.path] : [])).sort();

t.test('media files of a tree are found, and nothing else', async (t) => {
  const source = t.testdir({
    'a.mov': 'a',
    'B.MXF': 'bb',
    'notes.txt': '',
    '._a.mov': 'resource fork',
    cards: { 'Ünicode ö': { 'c.mp4': 'ccc' }, empty: {} },
    '.proxyfs': { pool: { 'p.mov': '' } },
    nested: { '.proxyfs': { 'q.mov': '' } },
    link: t.fixture('symlink', 'cards'),
    'link.mov': t.fixture('symlink', 'a.mov'),
  });
  const entries = await walkAll(source);
  t.same(pathsOf(entries), ['B.MXF', 'a.mov', 'cards/Ünicode ö/c.mp4', 'nested/.proxyfs/q.mov']);
  const clip = entries.find((entry) => entry.kind === 'file' && entry.file.path === 'B.MXF');
  t.equal(clip?.kind === 'file' ? clip.file.master.size : undefined, 2n);
  t.same(pathsOf(await walkAll(source, 'cards' as VirtualPath)), ['cards/Ünicode ö/c.mp4'], 'below a folder');
  t.same(pathsOf(await walkAll(source, 'a.mov' as VirtualPath)), ['a.mov'], 'a file by itself');
  t.same(await walkAll(source, 'gone.mov' as VirtualPath), [], 'a path that is gone');
  t.same(await walkAll(source, 'link.mov' as VirtualPath), [], 'a link by itself');
  const behind = walkAll(source, 'link/Ünicode ö' as VirtualPath);
  t.same(await behind, [], 'what lies behind a link');
  t.same(await walkAll(source, '.proxyfs/pool' as VirtualPath), [], 'below a hidden folder');
});

t.test('a name that is not valid UTF-8 is left out with a reason and hides nothing else', async (t) => {
  const source = t.testdir({ 'good.mov': '' });
  writeFileSync(Buffer.concat([Buffer.from(`${source}/bad`), Buffer.from([0xff, 0xfe]), Buffer.from('.mov')]), 'x');
  const entries = await walkAll(source);
  t.same(pathsOf(entries), ['good.mov']);
  t.match(
    entries.find((entry) => entry.kind === 'skipped'),
    { reason: 'its name is not valid UTF-8' },
  );
});

t.test('a folder that cannot be read is reported and the walk goes on', async (t) => {
  const source = t.testdir({ 'good.mov': '', other: { 'a.mov': '' } });
  // Root reads every folder; a path that is too long fails for everybody.
  const upper = join('deep', ...Array<string>(10).fill('d'.repeat(250)));
  const lower = join('lower', ...Array<string>(10).fill('e'.repeat(250)));
  for (const folder of [upper, lower]) mkdirSync(join(source, folder), { recursive: true });
  renameSync(join(source, 'lower'), join(source, upper, 'lower'));
  const entries = await walkAll(source);
  // Node's own removal stops at such paths.
  execFileSync('rm', ['-rf', join(source, 'deep')]);
  t.same(pathsOf(entries), ['good.mov', 'other/a.mov']);
  const unreadable = entries.filter((entry) => entry.kind === 'unreadable');
  t.equal(unreadable.length, 1);
  t.match(unreadable[0], { path: /^deep\//, reason: /ENAMETOOLONG/ });
});

t.test('a walk stops when its signal aborts', async (t) => {
  const files = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`${index}.mov`, '']));
  const source = t.testdir(files) as RealPath;
  const abort = new AbortController();
  let seen = 0;
  await t.rejects(async () => {
    for await (const _ of walk(source, ROOT, { ...options, signal: abort.signal })) if (++seen === 10) abort.abort();
  });
  t.ok(seen < 300);
});

t.test('mounted volumes of proxyfs are told apart in the table of mounts', async (t) => {
  const table = [
    '36 35 98:0 / /mnt2 rw,noatime master:1 - ext3 /dev/root rw',
    '40 35 0:50 / /edit/My\\040Project rw - fuse.proxyfs proxyfs:/raid rw,user_id=0',
    '41 35 0:51 / /edit/other rw - fuse.sshfs host: rw',
    '42 35 0:52 / /edit/portable rw - fuse proxyfs rw',
  ].join('\n');
  const points = parseMountinfo(table).filter(isProxyfs);
  t.same(
    points.map(({ point }) => point),
    ['/edit/My Project', '/edit/portable'],
  );
});
