import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import process from 'node:process';
import t from 'tap';
import { ProcessNames } from '../../src/mount/process-name.js';

const skip = process.platform === 'linux' ? false : 'needs /proc';

t.test('a thread is named after its process', { skip }, async (t) => {
  const threads = (await readdir('/proc/self/task')).map(Number).filter((id) => id !== process.pid);
  const names = new ProcessNames();
  const own = names.lookUp(process.pid);
  t.equal(own.pid, process.pid);
  t.not(own.name, 'exited');
  t.ok(threads.length > 0);
  for (const thread of threads) t.strictSame(names.lookUp(thread), own);
});

t.test('a process that is gone says so, and threads of other namespaces are unknown', { skip }, async (t) => {
  const names = new ProcessNames();
  const child = spawn('sleep', ['60']);
  const pid = child.pid ?? 0;
  t.equal(names.remember(pid), pid);
  t.match(names.lookUp(pid), { pid, name: /^(sleep|node)$/ });
  child.kill();
  await once(child, 'exit');
  t.strictSame(names.lookUp(pid), { pid, name: 'exited' });
  t.strictSame(names.lookUp(0), { pid: 0, name: 'unknown' });
});
