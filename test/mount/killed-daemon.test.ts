/** What becomes of open files when the daemon is killed: see "Differences from the disk" in docs/semantics.md. */

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { hostVolume, mountOptions, whyNoMount } from './hosted-volume.js';

const skip = await whyNoMount();
const SIZE = 3_000_000;
/** Opens and maps, waits for a line, and says what each call answers afterwards. */
const HOLDER = `
import errno, mmap, os, sys
fd = os.open(sys.argv[1], os.O_RDWR)
pages = mmap.mmap(fd, 0)
os.pread(fd, 10, 0)
print('here', flush=True)
sys.stdin.readline()
def outcome(call):
    try:
        call()
        return 'done'
    except OSError as error:
        return errno.errorcode[error.errno]
def touch():
    child = os.fork()
    if child == 0:
        pages[2_600_000]
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if status: raise OSError(errno.EFAULT, 'a signal')
calls = [lambda: os.pread(fd, 10, 2_000_000), lambda: os.pwrite(fd, b'x', 5), touch, lambda: os.fstat(fd), lambda: os.close(fd)]
print(' '.join(outcome(call) for call in calls))
`;

for (const { how, disable, expected } of [
  { how: 'with passthrough', disable: {}, expected: 'done done done ENOTCONN ENOTCONN' },
  {
    how: 'without passthrough',
    disable: { passthrough: true },
    expected: 'ENOTCONN ENOTCONN EFAULT ENOTCONN ENOTCONN',
  },
]) {
  t.test(`open files of a daemon that was killed answer as declared, ${how}`, { skip }, async (t) => {
    const volume = await hostVolume(t);
    await writeFile(join(volume.source, 'clip'), Buffer.alloc(SIZE, 'm'));
    const { info } = await volume.mount('native', mountOptions(volume, { disable }));
    t.equal(info.passthrough, expected.startsWith('done'), how);
    const holder = spawn('python3', ['-c', HOLDER, volume.path('clip')], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(holder.stdout, 'data');
    await volume.kill();
    holder.stdin.end('\n');
    const [answer] = (await once(holder.stdout, 'data')) as [Buffer];
    t.equal(answer.toString().trim(), expected, 'read, write, mapped page, fstat, close');
  });
}
