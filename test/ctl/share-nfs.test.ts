/** What `proxyfs share ganesha` prints, put to use: a real NFS server on loopback, real flips, libnfs's commands. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readFile, realpath, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { makeClip } from '../fixtures/media.js';
import { mountObstacle } from '../fixtures/mount-obstacle.js';
import { runAsProcess } from '../fixtures/run-proxyfs.js';
import { freePort, hashOf, until } from '../fixtures/served-share.js';

const run = promisify(execFile);
/** libnfs waits long for a server that is on its way up. */
const PATIENCE = { timeout: 5_000 };
t.setTimeout(120_000);

t.test('over NFS listings and bytes are right before and at once after flips', await obstacle(), async (t) => {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-share-nfs-')));
  const [source, mountPoint] = [join(dir, 'source'), join(dir, 'show')];
  const env = { XDG_RUNTIME_DIR: join(dir, 'run'), XDG_STATE_HOME: join(dir, 'state'), PROXYFS_SETTLE_MS: '100' };
  let server: ChildProcess | undefined;
  t.teardown(async () => {
    if (server !== undefined && server.exitCode === null) {
      server.kill('SIGKILL');
      await once(server, 'exit');
    }
    await runAsProcess(['unmount', '--force', mountPoint], { env });
    await rm(dir, { recursive: true, force: true });
  });
  const proxyfs = async (...words: string[]) => {
    const { exitCode, stdout, stderr } = await runAsProcess(words, { env, cwd: '/' });
    t.equal(exitCode, 0, `${words.join(' ')} ${stderr}`);
    return stdout;
  };
  await Promise.all([join(source, 'A001'), mountPoint].map((each) => mkdir(each, { recursive: true })));
  await chmod(dir, 0o755);
  // The printed export takes root for nobody.
  await chmod(source, 0o777);
  const clips = ['one.mov', 'A001/two.mov'];
  for (const [number, clip] of clips.entries()) {
    await makeClip(source, clip, { frames: 10 + number, extra: ['-qscale:v', '2'] });
  }
  await proxyfs('mount', source, mountPoint, '--allow-other');
  await proxyfs('prewarm', mountPoint);
  const port = await freePort();
  const configuration = join(dir, 'ganesha.conf');
  await writeFile(
    configuration,
    `${serverSettings(port)}${await proxyfs('share', 'ganesha', '--project', mountPoint)}`,
  );
  await mkdir('/var/run/ganesha', { recursive: true });
  const files = ['-f', configuration, '-L', join(dir, 'log'), '-p', join(dir, 'pid')];
  server = spawn('ganesha.nfsd', ['-F', ...files], { stdio: 'ignore' });
  const address = (path: string) => `nfs://127.0.0.1/show${path}?version=4&nfsport=${port}`;
  const list = async () => (await run('nfs-ls', ['-R', address('')], PATIENCE)).stdout;
  await until(list);

  const check = async (folder: string, when: string): Promise<void> => {
    const listing = await list();
    for (const clip of clips) {
      const { size } = await stat(join(folder, clip));
      t.match(listing, new RegExp(` ${size} ${clip}$`, 'm'), `${when} ${clip} is listed with its size`);
      const fetched = join(dir, 'fetched');
      await rm(fetched, { force: true });
      await run('nfs-cp', [address(`/${clip}`), fetched], PATIENCE);
      t.equal(await hashOf(fetched), await hashOf(join(folder, clip)), `${when} ${clip} has its bytes`);
    }
  };
  await check(mountPoint, 'in proxy mode');
  for (let round = 1; round <= 2; round += 1) {
    await proxyfs('mode', 'master', '--project', mountPoint);
    await check(source, `flip ${round} to master:`);
    await proxyfs('mode', 'proxy', '--project', mountPoint);
    await check(mountPoint, `flip ${round} to proxy:`);
  }
  t.not(await hashOf(join(mountPoint, 'one.mov')), await hashOf(join(source, 'one.mov')));
  await writeFile(join(dir, 'note'), 'from afar');
  await run('nfs-cp', [join(dir, 'note'), address('/note.txt')], PATIENCE);
  t.equal(await readFile(join(source, 'note.txt'), 'utf8'), 'from afar');
});

/** Of the server as a whole: this port of loopback alone, and nobody is waited for who held something before. */
function serverSettings(port: number): string {
  return `NFS_CORE_PARAM { NFS_Protocols = 4; NFS_Port = ${port}; Bind_addr = 127.0.0.1; Enable_NLM = false; Enable_RQUOTA = false; }
NFSV4 { Graceless = true; RecoveryBackend = fs; Lease_Lifetime = 2; }
`;
}

async function obstacle(): Promise<{ skip?: string }> {
  const mount = await mountObstacle();
  if (mount.skip !== undefined) return mount;
  try {
    await run('ganesha.nfsd', ['-v']);
    await run('ffmpeg', ['-version']);
    await run('/bin/sh', ['-c', 'command -v nfs-cp && ls /usr/lib*/*/ganesha/libfsalvfs.so']);
    return {};
  } catch {
    return { skip: 'needs ffmpeg, nfs-ganesha with its vfs module, and libnfs-utils' };
  }
}
