import { spawn } from 'node:child_process';
import { mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { connect as connectSocket, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import t, { type Test } from 'tap';
import { parseArguments } from '../../mountd/options.js';
import { ProxyfsError } from '../../src/base/error.js';
import { connect } from '../../src/control/client.js';
import { daemonArguments, daemonOptionsSchema } from '../../src/control/daemon-options.js';
import { findProject, listRecords, removeRecord, socketPathOf, writeRecord } from '../../src/control/discovery.js';
import type { Handlers } from '../../src/control/handlers.js';
import { LineReader } from '../../src/control/line-reader.js';
import type { RuntimeRecord } from '../../src/control/runtime-record.js';
import type { Progress } from '../../src/control/schema.js';
import { listen } from '../../src/control/server.js';
import { silentLogger } from '../../src/log/logger.js';

async function folder(t: Test): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'proxyfs-control-'));
  t.teardown(() => rm(dir, { recursive: true }));
  return dir;
}

/** A server with the handlers that a test needs; all others refuse. */
async function serve(t: Test, handlers: Partial<Handlers>, limits = {}): Promise<string> {
  const socket = join(await folder(t), 'run', 'p.sock');
  const refuse = () => Promise.reject(new ProxyfsError('internal', 'not in this test'));
  const all = new Proxy(handlers as Handlers, { get: (target, name) => Reflect.get(target, name) ?? refuse });
  const server = await listen({ socket, handlers: all, log: silentLogger, limits });
  t.teardown(() => server.close());
  return socket;
}

/** A peer that writes what it likes; resolves with what it got until the end. */
async function rawPeer(t: Test, path: string): Promise<{ socket: Socket; received: Promise<string> }> {
  const socket = connectSocket(path);
  t.teardown(() => socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString();
  });
  socket.on('error', () => undefined);
  return { socket, received: new Promise((resolve) => socket.once('close', () => resolve(text))) };
}

const noMode = { state: { base: 'proxy' as const, pinned: null, overrides: [], profiles: [] }, effective: null };

t.test('calls are answered as they end, with their progress, and errors keep code and details', async (t) => {
  const socket = await serve(t, {
    'mode.get': async ({ path }) => {
      if (path === 'slow') await sleep(50);
      if (path === 'bad') throw new ProxyfsError('path/missing', 'there is no bad', { details: { path } });
      return { ...noMode, effective: path === 'slow' ? 'master' : 'proxy' };
    },
    prewarm: async (_params, { progress }) => {
      progress({ kind: 'scan', found: 3, probed: 1, total: null });
      return { clips: [], made: 0, failed: 0, ineligible: 0, alreadyThere: 0, queued: 0 };
    },
    // A result that breaks the contract is the daemon's fault, and is not passed on.
    handles: async () => ({ handles: [{ path: 1 }] }) as never,
  });
  const client = await connect(socket);
  t.teardown(() => client.close());
  const order: string[] = [];
  const [slow, fast] = await Promise.all([
    client.call('mode.get', { path: 'slow' }).finally(() => order.push('slow')),
    client.call('mode.get', { path: 'fast' }).finally(() => order.push('fast')),
  ]);
  t.same([slow.effective, fast.effective, ...order], ['master', 'proxy', 'fast', 'slow']);
  const told: Progress[] = [];
  await client.call('prewarm', { paths: [''], wait: true }, { onProgress: (progress) => told.push(progress) });
  t.match(told, [{ kind: 'scan', found: 3 }]);
  await t.rejects(client.call('mode.get', { path: 'bad' }), { code: 'path/missing', details: { path: 'bad' } });
  await t.rejects(client.call('mode.get', { path: 7 } as never), { code: 'request/invalid', message: /path/ });
  await t.rejects(client.call('handles', {}), { code: 'internal' });
  t.equal((await client.call('mode.get', {})).effective, 'proxy', 'and the connection goes on');
});

t.test('only the owner can reach the socket', async (t) => {
  const socket = await serve(t, {});
  t.equal((await stat(socket)).mode & 0o777, 0o600);
  t.equal((await stat(join(socket, '..'))).mode & 0o777, 0o700);
});

t.test('standard codes answer standard mistakes', async (t) => {
  const socket = await serve(t, { 'mode.get': async () => noMode });
  const { socket: peer, received } = await rawPeer(t, socket);
  peer.write('{"jsonrpc":"2.0","id":1,"method":"no.such"}\n');
  peer.write('{"jsonrpc":"2.0","id":"two","method":"mode.get","params":{"nope":1}}\n');
  peer.write('{"jsonrpc":"2.0","id":3,"method":"mode.get"}\n{"jsonrpc":"2.0","id":4,"method":"toString"}\n');
  await sleep(100);
  peer.write('{"jsonrpc":"1.0","id":5,"method":"mode.get"}\n');
  const answers = (await received)
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  const byId = new Map(answers.map((answer) => [answer.id, answer]));
  t.match(byId.get(1), { error: { code: -32601, data: { code: 'request/unknown-method' } } });
  t.match(byId.get('two'), { error: { code: -32602, data: { code: 'request/invalid' } } });
  t.match(byId.get(3), { result: noMode });
  t.match(byId.get(4), { error: { code: -32601 } });
  t.match(byId.get(null), { error: { code: -32600 } });
});

t.test('garbage, binary and oversized frames get one answer and the door, and harm nobody else', async (t) => {
  const socket = await serve(t, { 'mode.get': async () => noMode }, { frameBytes: 4096, drainMs: 100 });
  const client = await connect(socket);
  t.teardown(() => client.close());
  for (const [frame, code] of [
    ['hello\n', -32700],
    [Buffer.from([0, 255, 254, 10, 13, 10]), -32700],
    ['[]\n', -32600],
    [`{"jsonrpc":"2.0","id":1,"method":"mode.get","params":{"path":"${'x'.repeat(5000)}"}}`, -32600],
    ['y'.repeat(1_000_000), -32600],
  ] as const) {
    const { socket: peer, received } = await rawPeer(t, socket);
    peer.write(frame);
    t.match(JSON.parse(await received), { id: null, error: { code } });
  }
  t.same(await client.call('mode.get', {}), noMode);
});

t.test('a client that never reads costs a bounded amount, then its connection', async (t) => {
  let running = 0;
  let ended = 0;
  const flood: Handlers['ls'] = async () => {
    running += 1;
    const entry = { path: 'p'.repeat(1000), kind: 'file', variant: 'master', reason: '', state: 'not-media' } as const;
    const sizes = { profile: null, size: 1, masterSize: 1, proxySize: null, denied: false, pinnedBy: null };
    return { entries: Array.from({ length: 500 }, () => ({ ...entry, ...sizes })) };
  };
  const follow: Handlers['prewarm'] = async (_params, { progress, signal }) => {
    while (!signal.aborted) {
      progress({ kind: 'scan', found: 1, probed: 1, total: null });
      await sleep(1);
    }
    ended += 1;
    throw signal.reason;
  };
  const socket = await serve(t, { ls: flood, prewarm: follow }, { backlogBytes: 2_000_000, calls: 1000 });
  const { socket: peer, received } = await rawPeer(t, socket);
  peer.pause();
  peer.write('{"jsonrpc":"2.0","id":"p","method":"prewarm","params":{"paths":[],"wait":true}}\n');
  for (let id = 0; id < 40; id += 1) peer.write(`{"jsonrpc":"2.0","id":${id},"method":"ls","params":{"path":""}}\n`);
  while (ended === 0) await sleep(10);
  peer.resume();
  t.ok((await received).length < 20_000_000, 'it was cut off');
  t.ok(running > 0);
});

t.test('a call ends in the daemon when its client cancels it or goes away', async (t) => {
  const reasons: string[] = [];
  const wait: Handlers['prewarm'] = (_params, { signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        reasons.push(String(signal.reason.message));
        reject(signal.reason);
      });
    });
  const socket = await serve(t, { prewarm: wait, 'mode.get': async () => noMode });
  const client = await connect(socket);
  const stop = new AbortController();
  const call = client.call('prewarm', { paths: [], wait: true }, { signal: stop.signal });
  await client.call('mode.get', {});
  stop.abort();
  await t.rejects(call, { code: 'job/cancelled' });
  t.same(await client.call('mode.get', {}), noMode, 'the connection outlives the call');
  const orphan = client.call('prewarm', { paths: [], wait: true });
  await client.call('mode.get', {});
  client.close();
  await t.rejects(orphan, { code: 'daemon/unreachable' });
  while (reasons.length < 2) await sleep(5);
  t.match(reasons, [/cancelled/, /went away/]);
});

t.test('a closing server lets the last answer out', async (t) => {
  const socket = join(await folder(t), 'p.sock');
  const unmount = async () => {
    void server.close();
    await sleep(20);
    return { handles: [] };
  };
  const server = await listen({ socket, handlers: { unmount } as never, log: silentLogger });
  const client = await connect(socket);
  t.same(await client.call('unmount', { force: false }), { handles: [] });
  await t.rejects(connect(socket), { code: 'daemon/unreachable' });
});

t.test('an absent daemon, a dead socket and a stranger are all unreachable', async (t) => {
  const dir = await folder(t);
  await t.rejects(connect(join(dir, 'none.sock')), { code: 'daemon/unreachable', message: /proxyfs mount/ });
  await writeFile(join(dir, 'file.sock'), '');
  await t.rejects(connect(join(dir, 'file.sock')), { code: 'daemon/unreachable', message: /ECONNREFUSED/ });
  const { createServer } = await import('node:net');
  const stranger = createServer((peer) => peer.end('220 mail.example ESMTP\n')).listen(join(dir, 'x.sock'));
  t.teardown(() => stranger.close());
  const client = await connect(join(dir, 'x.sock'));
  await t.rejects(client.call('mode.get', {}), { code: 'daemon/unreachable' });
});

t.test('a call may take as long as it needs, but a daemon that is stuck is given up', async (t) => {
  let lives = 0;
  let release: () => void = () => undefined;
  const waiting = new Promise<void>((resolve) => {
    release = resolve;
  });
  const handlers = {
    'daemon.info': () => {
      lives += 1;
      if (lives === 2) release();
      return Promise.reject(new ProxyfsError('internal', 'any answer is a sign of life'));
    },
    metrics: async () => {
      await waiting;
      return { text: 'late' };
    },
  };
  const patient = await connect(await serve(t, handlers), 1000);
  t.same(await patient.call('metrics', {}), { text: 'late' }, 'it waits while the daemon says that it lives');
  t.equal(lives, 2);
  patient.close();

  const { createServer } = await import('node:net');
  const path = join(await folder(t), 's.sock');
  const peers: Socket[] = [];
  const stopped = createServer((peer) => peers.push(peer)).listen(path);
  t.teardown(() => {
    for (const peer of peers) peer.destroy();
    stopped.close();
  });
  const client = await connect(path, 100);
  const refusal = { code: 'daemon/unreachable', message: /has not answered for 0.2 seconds: it is stopped or stuck/ };
  await t.rejects(client.call('metrics', {}), refusal);
  await t.rejects(client.call('metrics', {}), refusal, 'and it stays so');
});

t.test('lines are put together from pieces of any size, and bounded', (t) => {
  const lines = new LineReader(10);
  t.same(lines.push(Buffer.from('ab')), []);
  t.same(lines.push(Buffer.from('c\nd\n\nlo')), ['abc', 'd', '']);
  t.same(lines.push(Buffer.from('ng é\n')), ['long é']);
  t.throws(() => lines.push(Buffer.from('12345678901')), { code: 'request/invalid' });
  t.end();
});

t.test('a project is found from inside its source or its mount, and records of the dead are removed', async (t) => {
  const dir = await folder(t);
  const run = join(dir, 'run');
  const record = (project: string, source: string, mountPoint: string, pid = process.pid): RuntimeRecord => {
    return { project, source, mountPoint, stateDir: '/s', socket: join(run, `${project}.sock`), pid, startedAt: 1 };
  };
  const show = record('aa', '/raid/show', '/mnt/show');
  const nested = record('bb', '/raid/show/inserts', '/mnt/inserts');
  const dead = record('cc', '/raid/dead', '/mnt/dead', await pidOfTheDead());
  for (const each of [show, nested, dead]) await writeRecord(each, run);
  await writeFile(join(run, 'cc.sock'), '');
  await writeFile(join(run, 'broken.json'), '{');
  t.match(await findProject(undefined, '/mnt/show/A001', run), { project: 'aa' });
  t.match(await findProject('A001/x.mov', '/raid/show', run), { project: 'aa' });
  t.match(await findProject('/raid/show/inserts/y.mov', '/', run), { project: 'bb' }, 'the nearest one');
  t.match(await findProject('bb', '/', run), { project: 'bb' });
  await symlink('/raid/show', join(dir, 'link'));
  await t.rejects(findProject('/raid/shower', '/', run), {
    code: 'project/not-found',
    message: /--project.*\/mnt\/show/,
  });
  await t.rejects(findProject('/raid/dead', '/', run), { code: 'project/not-found' });
  t.same((await readdir(run)).sort(), ['aa.json', 'bb.json', 'broken.json']);
  await writeRecord(record('dd', '/raid/show', '/mnt/render'), run);
  await t.rejects(findProject('/raid/show/a', '/', run), { code: 'project/not-found', message: /several mounts/ });
  await removeRecord({ ...show, pid: 1 }, run);
  t.equal((await listRecords(run)).length, 3, 'the record of another process stays');
  await t.rejects(findProject(undefined, '/', join(dir, 'nowhere')), { message: /proxyfs mount SOURCE/ });
});

t.test('a socket path never exceeds what the kernel takes', (t) => {
  t.equal(socketPathOf('ab', '/run/proxyfs'), '/run/proxyfs/ab.sock');
  t.ok(Buffer.byteLength(socketPathOf('0123456789abcdef', `/${'x'.repeat(100)}`)) <= 107);
  t.end();
});

t.test('the options of a daemon survive the way through its command line', async (t) => {
  const full = daemonOptionsSchema.parse({
    ...{ source: '/a b', mountPoint: '/m', mode: 'master', pin: true, profile: 'edit', stateDir: '/s', poolDir: '/p' },
    ...{ driver: 'portable', passthrough: false, directMount: false, allowOther: true, writes: 'demote' },
    ...{ missing: 'deny', mtime: 'preserve', ready: 'auto', workers: 3, logLevel: 'debug' },
  });
  t.same((await parseArguments(daemonArguments(full), '/')).options, full);
  const least = daemonOptionsSchema.parse({ source: '/a', mountPoint: '/m' });
  t.same((await parseArguments(daemonArguments(least), '/')).options, least);
  t.same((await parseArguments(['--source', 'a', '--mount-point', 'm'], '/cwd')).options.source, '/cwd/a');
  await t.rejects(parseArguments(['--source', 'a', '--mount-point', 'm', '--pin'], '/'), { code: 'request/invalid' });
  await t.rejects(parseArguments(['--source', 'a', '--mount-point', 'm', '--mode', 'x'], '/'), {
    code: 'request/invalid',
  });
  await t.rejects(parseArguments(['--source', 'a', '--nope'], '/'), { code: 'request/invalid' });
});

async function pidOfTheDead(): Promise<number> {
  const child = spawn('true');
  await new Promise((resolve) => child.once('exit', resolve));
  return child.pid!;
}
