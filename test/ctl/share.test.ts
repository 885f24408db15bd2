/** What `proxyfs share` prints, put to use: a real smbd on loopback, a real flip, smbclient on the other side. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { shareConfiguration } from '../../ctl/output/share.js';
import { makeClip } from '../fixtures/media.js';
import { mountObstacle } from '../fixtures/mount-obstacle.js';
import { PROXYFS, runAsProcess } from '../fixtures/run-proxyfs.js';
import { freePort, hashOf, until } from '../fixtures/served-share.js';

const run = promisify(execFile);
t.setTimeout(120_000);

t.test('a configuration is only printed for what it can hold', (t) => {
  const shared = { project: '0123456789abcdef', mountPoint: '/mnt/The Show' };
  t.match(shareConfiguration('samba', shared), /\[The-Show\]\n {4}path = \/mnt\/The Show\n/);
  t.match(shareConfiguration('ganesha', { ...shared, name: 'x' }), /Pseudo = "\/x";/);
  t.match(
    shareConfiguration('nfs', { ...shared, mountPoint: '/mnt/show' }),
    /^\/mnt\/show .*fsid=01234567-89ab-cdef-/m,
  );
  for (const [kind, change] of [
    ['samba', { mountPoint: '/mnt/a\n[global]' }],
    ['samba', { mountPoint: '/mnt/100%' }],
    ['samba', { name: 'global' }],
    ['samba', { name: 'a]\nb' }],
    ['nfs', {}],
    ['ganesha', { mountPoint: '/mnt/"x' }],
  ] as const) {
    t.throws(() => shareConfiguration(kind, { ...shared, ...change }), { code: 'request/invalid' });
  }
  t.end();
});

t.test('over Samba a path has the right bytes and size before and after a flip', await obstacle(), async (t) => {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-share-')));
  const [source, mountPoint] = [join(dir, 'source'), join(dir, 'show')];
  const env = { XDG_RUNTIME_DIR: join(dir, 'run'), XDG_STATE_HOME: join(dir, 'state'), PROXYFS_SETTLE_MS: '100' };
  let smbd: ChildProcess | undefined;
  t.teardown(async () => {
    if (smbd?.pid !== undefined) process.kill(-smbd.pid, 'SIGTERM');
    await runAsProcess(['unmount', '--force', mountPoint], { env });
    await rm(dir, { recursive: true, force: true });
  });
  const proxyfs = async (...words: string[]) => {
    const { exitCode, stdout, stderr } = await runAsProcess(words, { env, cwd: '/' });
    t.equal(exitCode, 0, `${words.join(' ')} ${stderr}`);
    return stdout;
  };
  await Promise.all([source, mountPoint].map((each) => mkdir(each)));
  await makeClip(source, 'clip.mov', { frames: 10, extra: ['-qscale:v', '2'] });
  await proxyfs('mount', source, mountPoint, '--allow-other');
  await proxyfs('prewarm', mountPoint);
  const printed = await proxyfs('share', 'samba', '--project', mountPoint);
  const port = await freePort();
  const conf = await writeConfiguration(dir, printed, port);
  t.equal((await run('testparm', ['-s', '--suppress-prompt', conf])).stderr.match(/unknown|ignoring/i), null);
  smbd = spawn('smbd', ['--foreground', '--no-process-group', '-s', conf], { detached: true, stdio: 'ignore' });
  const address = ['-s', conf, '-p', String(port), '-U', 'root%secret', '//127.0.0.1/show'];
  const client = (commands: string) => run('smbclient', [...address, '-c', commands]);
  await until(() => client('ls'));

  const fetched = async () => {
    const to = join(dir, 'fetched');
    const { stdout } = await client(`allinfo clip.mov; get clip.mov ${to}; ls clip.mov`);
    const listed = Number(/clip\.mov\s+\w+\s+(\d+)/.exec(stdout)?.[1]);
    t.equal((await stat(to)).size, listed, 'the size that is listed is the size that is read');
    return hashOf(to);
  };
  const proxy = await fetched();
  t.equal(proxy, await hashOf(join(mountPoint, 'clip.mov')));
  t.not(proxy, await hashOf(join(source, 'clip.mov')));
  await proxyfs('mode', 'master', '--project', mountPoint);
  t.equal(await fetched(), await hashOf(join(source, 'clip.mov')), 'at once, by a new client');
  await proxyfs('mode', 'proxy', '--project', mountPoint);
  t.equal(await fetched(), proxy, 'and back');
  await writeFile(join(dir, 'note'), 'from Windows');
  await client(`put ${join(dir, 'note')} note.txt; mkdir Renders`);
  t.equal(await readFile(join(source, 'note.txt'), 'utf8'), 'from Windows');
  await t.rejects(client(`put ${join(dir, 'note')} clip.mov`), 'a proxy is no place for a write');
  t.equal(await fetched(), proxy);

  // One connection across a flip: two reads, each whole and right.
  const [first, second] = [join(dir, 'first'), join(dir, 'second')];
  const flip = `!${process.execPath} ${PROXYFS} mode master --project ${mountPoint}`;
  const session = run('smbclient', address, { env: { ...process.env, ...env } });
  session.child.stdin?.end(`get clip.mov ${first}\n${flip}\nget clip.mov ${second}\n`);
  t.match((await session).stdout, /master mode: 1 path changed/);
  t.equal(await hashOf(first), proxy);
  t.equal(await hashOf(second), await hashOf(join(source, 'clip.mov')), 'the same connection sees the flip');
});

/** The printed share, with a [global] that keeps all of smbd in `dir` and on loopback. */
async function writeConfiguration(dir: string, printed: string, port: number): Promise<string> {
  const own = ['private', 'lock', 'state', 'cache', 'pid', 'ncalrpc', 'binddns'];
  await Promise.all(own.map((name) => mkdir(join(dir, 'samba', name), { recursive: true, mode: 0o700 })));
  const folders = own.map((name) => {
    const key = name === 'private' || name === 'ncalrpc' || name === 'binddns' ? `${name} dir` : `${name} directory`;
    return `${key} = ${join(dir, 'samba', name)}`;
  });
  const lines = [
    ...folders,
    ...['interfaces = 127.0.0.1', 'bind interfaces only = yes', `smb ports = ${port}`, 'disable netbios = yes'],
    ...['server role = standalone', 'passdb backend = tdbsam', 'load printers = no', 'disable spoolss = yes'],
    `log file = ${join(dir, 'samba', 'log')}`,
  ];
  const conf = join(dir, 'smb.conf');
  await writeFile(conf, printed.replace('[global]\n', `[global]\n${lines.join('\n')}\n`));
  const setting = execFile('smbpasswd', ['-c', conf, '-s', '-a', 'root']);
  setting.stdin?.end('secret\nsecret\n');
  const code = await new Promise((resolve) => setting.once('exit', resolve));
  if (code !== 0) throw new Error('smbpasswd failed');
  return conf;
}

async function obstacle(): Promise<{ skip?: string }> {
  const mount = await mountObstacle();
  if (mount.skip !== undefined) return mount;
  try {
    for (const program of ['smbd', 'smbclient']) await run(program, ['--version']);
    await run('ffmpeg', ['-version']);
    await run('/bin/sh', ['-c', 'ls /usr/lib*/samba/vfs/fruit.so /usr/lib*/*/samba/vfs/fruit.so 2>/dev/null | grep .']);
    return {};
  } catch {
    return { skip: 'needs ffmpeg, samba with its vfs modules, and smbclient' };
  }
}
