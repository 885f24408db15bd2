/**
 * How much the machine is asked of by others than the encoders.
 *
 * Processor: the share of its time that went to processes of ordinary priority. Encoders run
 * niced, and the kernel books that time apart (`nice` in /proc/stat), so they never take
 * themselves for pressure; the pressure stall figure of the processor and the load average
 * count the waiting of the niced too, and say nothing here. Disks and memory: pressure stall
 * information, the share of the last ten seconds in which somebody waited; where the kernel
 * has none, the time spent waiting for disks, and memory that is nearly used up.
 */

import { readFile } from 'node:fs/promises';

/** Shares, 0 to 1. */
export interface Pressure {
  readonly cpu: number;
  readonly io: number;
  readonly memory: number;
}

const NO_PRESSURE: Pressure = { cpu: 0, io: 0, memory: 0 };
/** Less than this share of the memory is nearly nothing. */
const LITTLE_MEMORY = 0.05;

interface CpuTimes {
  readonly others: number;
  readonly iowait: number;
  readonly total: number;
}

export class PressureGauge {
  readonly #root: string;
  #last: CpuTimes | undefined;

  /** `root` is /proc; a test brings its own. */
  constructor(root = '/proc') {
    this.#root = root;
  }

  /** Since the last look; the first sees no pressure of the processor. */
  async look(): Promise<Pressure> {
    const [stat, io, memory] = await Promise.all([this.#read('stat'), this.#stalled('io'), this.#stalled('memory')]);
    const now = parseCpuTimes(stat);
    const last = this.#last ?? now;
    this.#last = now;
    if (now === undefined || last === undefined) return { ...NO_PRESSURE, io: io ?? 0, memory: memory ?? 0 };
    const total = Math.max(1, now.total - last.total);
    return {
      cpu: (now.others - last.others) / total,
      io: io ?? (now.iowait - last.iowait) / total,
      memory: memory ?? (await this.#memoryUsedUp()),
    };
  }

  /** undefined where the kernel does not measure it. */
  async #stalled(what: 'io' | 'memory'): Promise<number | undefined> {
    const average = /^some avg10=([\d.]+)/m.exec(await this.#read(`pressure/${what}`))?.[1];
    return average === undefined ? undefined : Number(average) / 100;
  }

  async #memoryUsedUp(): Promise<number> {
    const text = await this.#read('meminfo');
    const [total, available] = ['MemTotal', 'MemAvailable'].map((name) =>
      Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(text)?.[1]),
    );
    return total !== undefined && available !== undefined && available / total < LITTLE_MEMORY ? 1 : 0;
  }

  /** Empty where there is no such file: each figure has its own way to do without. */
  async #read(name: string): Promise<string> {
    return await readFile(`${this.#root}/${name}`, 'utf8').catch(() => '');
  }
}

/** user, nice, system, idle, iowait, irq, softirq, steal; what follows is part of these. */
function parseCpuTimes(stat: string): CpuTimes | undefined {
  const line = /^cpu {2}(.*)$/m.exec(stat)?.[1];
  if (line === undefined) return undefined;
  const [user = 0, nice = 0, system = 0, idle = 0, iowait = 0, irq = 0, softirq = 0, steal = 0] = line
    .split(' ')
    .map(Number);
  const others = user + system + irq + softirq + steal;
  return { others, iowait, total: others + nice + idle + iowait };
}
