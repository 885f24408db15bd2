/**
 * What a real daemon costs by the size of its project: time until its mount answers, and resident
 * memory after the mount, after the scan, after flips of everything, and after a walk of a huge tree.
 */

import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type PreparedProject as Project, prepareProject } from './prepare-project.js';

const CTL = fileURLToPath(new URL('../../ctl/main.js', import.meta.url));
const STARTS = 3;
const FLIPS = 6;
const CALM_MS = 1500;
const run = promisify(execFile);

export interface ProjectRow {
  readonly assets: number;
  /** Files that are no assets; they are walked through the mount. */
  readonly others: number;
  /** From the command to a mount point that answers; the best of several starts. */
  readonly startMs: number;
  /** The whole flip as its caller sees it, the best. */
  readonly flipMs: number;
  readonly mountedMb: number;
  readonly scannedMb: number;
  readonly flippedMb: number;
  readonly walkedMb: number;
  /** The most it ever was. */
  readonly peakMb: number;
}

/** `sizes`: assets and other files of each project. */
export async function benchProjects(
  root: string,
  reader: string,
  sizes: readonly (readonly [assets: number, others: number])[],
): Promise<ProjectRow[]> {
  const rows: ProjectRow[] = [];
  for (const [assets, others] of sizes) {
    const project = await prepareProject(join(root, `project-${assets}-${others}`), { assets, others });
    const startMs = await timeStarts(project);
    rows.push({ assets, others, startMs, ...(await watchMemory(project, reader)) });
  }
  return rows;
}

async function timeStarts(project: Project): Promise<number> {
  const times: number[] = [];
  for (let start = 0; start < STARTS; start += 1) {
    const before = performance.now();
    await mount(project);
    times.push(performance.now() - before);
    await unmount(project);
  }
  return Math.min(...times);
}

async function watchMemory(
  project: Project,
  reader: string,
): Promise<Omit<ProjectRow, 'assets' | 'others' | 'startMs'>> {
  const pid = await mount(project);
  try {
    const mountedMb = await residentMb(pid, 'VmRSS');
    await untilScanned(project);
    const scannedMb = await residentMb(pid, 'VmRSS');
    const flips: number[] = [];
    for (let flip = 0; flip < FLIPS; flip += 1) {
      const { totalMs } = await ask(project, 'mode', flip % 2 === 0 ? 'master' : 'proxy');
      flips.push(Number(totalMs));
    }
    const flippedMb = await residentMb(pid, 'VmRSS');
    await run(reader, ['walk', project.mountPoint], { cwd: '/' });
    const walkedMb = await residentMb(pid, 'VmRSS');
    const peakMb = await residentMb(pid, 'VmHWM');
    return { flipMs: Math.min(...flips), mountedMb, scannedMb, flippedMb, walkedMb, peakMb };
  } finally {
    await unmount(project);
  }
}

async function untilScanned(project: Project): Promise<void> {
  for (;;) {
    const { scan } = (await ask(project, 'status')) as { scan: { finishedAt: number | null } };
    if (scan.finishedAt !== null) return;
    await sleep(200);
  }
}

/** Resolves with the daemon's process id. */
async function mount(project: Project): Promise<number> {
  const { source, mountPoint, state } = project;
  const record = await proxyfs(project, ['mount', source, mountPoint, '--state', state, '--mode', 'proxy', '--json']);
  return Number(record['pid']);
}

async function unmount(project: Project): Promise<void> {
  await proxyfs(project, ['unmount', project.mountPoint, '--force', '--json']);
}

const ask = (project: Project, ...words: string[]) =>
  proxyfs(project, [...words, '--project', project.mountPoint, '--json']);

async function proxyfs({ env }: Project, words: readonly string[]): Promise<Record<string, unknown>> {
  const { stdout } = await run(process.execPath, [CTL, ...words], { env, cwd: '/', maxBuffer: 1 << 28 });
  return JSON.parse(stdout) as Record<string, unknown>;
}

/** After a moment in which garbage is collected. */
async function residentMb(pid: number, field: 'VmRSS' | 'VmHWM'): Promise<number> {
  await sleep(CALM_MS);
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const kilobytes = Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1]);
  return (kilobytes * 1024) / 1e6;
}
