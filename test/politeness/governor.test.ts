import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import t from 'tap';
import { silentLogger } from '../../src/log/logger.js';
import type { Allowance, Seen } from '../../src/politeness/decide.js';
import { CALM_MS, Governor } from '../../src/politeness/governor.js';
import { PressureGauge } from '../../src/politeness/pressure.js';

t.test('less is in force at once, more after a while of calm', async (t) => {
  const world = { memory: 0, now: 1_000_000 };
  const told: Allowance[] = [];
  const governor = new Governor({
    policy: { politeness: 'normal', hours: { text: 'always', spans: [] }, workers: 4 },
    look: async (): Promise<Seen> => {
      return { at: new Date(world.now), player: undefined, pressure: { cpu: 0, io: 0, memory: world.memory } };
    },
    isBusy: () => true,
    onChange: (allowance) => told.push(allowance),
    log: silentLogger,
  });
  const after = async (ms: number, memory: number) => {
    Object.assign(world, { now: world.now + ms, memory });
    await governor.look();
    return governor.allowance;
  };
  t.match(await after(0, 0), { encoders: 4, reason: undefined });
  t.match(await after(1000, 0.5), { encoders: 0, reason: /memory is short/ });
  t.match(await after(1000, 0.2), { encoders: 0 }, 'half is more than none, and waits too');
  t.match(await after(1000, 0), { encoders: 0 });
  t.match(await after(1000, 0.5), { encoders: 0 });
  t.match(await after(CALM_MS - 1, 0), { encoders: 0, reason: /memory/ });
  t.match(await after(1, 0), { encoders: 4, reason: undefined });
  t.match(await after(1000, 0.5), { encoders: 0 });
  t.match(await after(-3_600_000, 0), { encoders: 4 }, 'a clock that is set back holds nothing up');
  t.same(
    told.map(({ encoders }) => encoders),
    [0, 4, 0, 4],
  );
});

async function proc(directory: string, files: Readonly<Record<string, string>>): Promise<string> {
  await mkdir(join(directory, 'pressure'), { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  return directory;
}

const stall = (share: number) =>
  `some avg10=${share} avg60=1.00 avg300=1.00 total=1\nfull avg10=0.00 avg60=0 avg300=0 total=0\n`;

t.test('time of niced processes is no load; disks and memory are what somebody waited for', async (t) => {
  const directory = t.testdir();
  const files = { 'pressure/io': stall(42), 'pressure/memory': stall(7.5) };
  await proc(directory, { ...files, stat: 'cpu  100 100 100 100 0 0 0 0 0 0\ncpu0 1 1 1 1\n' });
  const gauge = new PressureGauge(directory);
  t.match(await gauge.look(), { cpu: 0, io: 0.42, memory: 0.075 });
  await proc(directory, { stat: 'cpu  120 170 105 105 0 0 0 0 0 0\n' });
  t.match(await gauge.look(), { cpu: 0.25 });
});

t.test('without pressure stall information the kernel’s older figures have to do', async (t) => {
  const directory = t.testdir();
  const meminfo = (available: number) => `MemTotal:       1000 kB\nMemFree: 1 kB\nMemAvailable:    ${available} kB\n`;
  await proc(directory, { stat: 'cpu  0 0 0 0 0 0 0 0 0 0\n', meminfo: meminfo(500) });
  const gauge = new PressureGauge(directory);
  await gauge.look();
  await proc(directory, { stat: 'cpu  10 0 0 60 30 0 0 0 0 0\n', meminfo: meminfo(20) });
  t.match(await gauge.look(), { cpu: 0.1, io: 0.3, memory: 1 });
});

t.test('the machine that this runs on can be looked at', async (t) => {
  const gauge = new PressureGauge();
  await gauge.look();
  const until = Date.now() + 60;
  while (Date.now() < until);
  const { cpu, io, memory } = await gauge.look();
  t.ok(cpu > 0 && cpu <= 1, `cpu ${cpu}`);
  t.ok(io >= 0 && io <= 1 && memory >= 0 && memory <= 1);
});
