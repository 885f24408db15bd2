import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { parseMountArguments } from '../../ctl/mount-helper.js';
import { listRecords } from '../../src/control/discovery.js';
import { mountObstacle } from '../fixtures/mount-obstacle.js';
import { PROXYFS } from '../fixtures/run-proxyfs.js';

const run = promisify(execFile);
const obstacle = await mountObstacle();

t.test('options of fstab become options of the daemon, and unknown ones are refused', (t) => {
  const line =
    'rw,nofail,x-systemd.automount,_netdev,mode=master,pin,state=s,pool=/p=q,allow_other,nopassthrough,stall_seconds=9,workers=2';
  t.match(parseMountArguments(['/src', 'mnt', '-n', '-o', line], '/cwd'), {
    fake: false,
    options: {
      ...{ source: '/src', mountPoint: '/cwd/mnt', mode: 'master', pin: true, stateDir: '/cwd/s', poolDir: '/p=q' },
      ...{ allowOther: true, passthrough: false, stallSeconds: 9, workers: 2 },
    },
  });
  t.equal(parseMountArguments(['/src', '/mnt', '-fv', '-t', 'proxyfs'], '/').fake, true);
  t.ok(
    parseMountArguments(['/src', '/mnt', '-s', '-o', 'unheard_of'], '/'),
    'sloppy passes over what it does not know',
  );
  for (const [options, message] of [
    ['ro', /'ro'/],
    ['noexec', /'noexec'/],
    ['mode=', /'mode='/],
    ['mode=light', /'mode' is wrong/],
    ['workers=many', /the option 'workers' cannot be 'many': give a whole number/],
    ['pin=1', /'pin=1'/],
    ['pin', /mode to pin/],
  ] as const) {
    const code = /^(request|config)\/invalid$/;
    t.throws(() => parseMountArguments(['/src', '/mnt', '-o', options], '/'), { code, message });
  }
  t.throws(() => parseMountArguments(['/src'], '/'), { message: /mount point/ });
  t.throws(() => parseMountArguments(['/src', '/mnt', '--help'], '/'), { message: /--help/ });
  t.end();
});

t.test(
  'called as mount(8) calls it, the command mounts, and a repeated call finds all in order',
  obstacle,
  async (t) => {
    const dir = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-helper-')));
    const [source, mountPoint, state] = [join(dir, 'source'), join(dir, 'mnt'), join(dir, 'state')];
    process.env['XDG_RUNTIME_DIR'] = join(dir, 'run');
    t.teardown(async () => {
      await run('umount', ['-l', mountPoint]).catch(() => undefined);
      await rm(dir, { recursive: true, force: true });
    });
    await Promise.all([source, mountPoint].map((each) => mkdir(each)));
    await writeFile(join(source, 'notes.txt'), 'notes');
    const helper = join(dir, 'mount.proxyfs');
    await symlink(PROXYFS, helper);
    const call = (place: string, options: string) =>
      run(process.execPath, [helper, source, place, '-o', `rw,state=${state},workers=0${options}`]);
    await call(mountPoint, ',mode=master,pin');
    t.equal(await readFile(join(mountPoint, 'notes.txt'), 'utf8'), 'notes', 'it answers when the helper returns');
    await call(mountPoint, ',mode=master,pin');
    await t.rejects(call(source, ''), { code: 32, stderr: /^mount\.proxyfs: / });
    await t.rejects(call(mountPoint, ',ro'), { code: 1 });
    await run('umount', [mountPoint]);
    for (let left = 200; left > 0 && (await listRecords()).length > 0; left -= 1) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    t.same(await listRecords(), [], 'umount(8) ends the daemon');
  },
);
