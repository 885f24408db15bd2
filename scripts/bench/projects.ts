/**
 * What a real daemon costs by the size of its project: time until its mount answers, and resident
 * memory after the mount, after the scan, after flips of everything, and after a walk of a huge tree.
 *
 * The projects are prepared by writing catalog and pool as a finished generation leaves them.
 */

import { execFile } from 'node:child_process';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Fingerprint, PoolKey } from '../../src/base/ids.js';
import { type RealPath, toRealPath, toVirtualPath } from '../../src/base/paths.js';
import { createCatalog } from '../../src/catalog/sqlite-catalog.js';
import { blake3OfParts } from '../../src/fingerprint/blake3.js';
import { openPool } from '../../src/pool/directory-pool.js';
import type { MediaInfo } from '../../src/probe/media-info.js';
import { openDatabase } from '../../src/store/database.js';
import { makeManyFiles } from './sample-tree.js';

const CTL = fileURLToPath(new URL('../../ctl/main.js', import.meta.url));
const STARTS = 3;
const FLIPS = 6;
const PROFILE = 'edit';
const BATCH = 500;
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
    const project = await prepareProject(join(root, `project-${assets}-${others}`), assets, others);
    const startMs = await timeStarts(project);
    rows.push({ assets, others, startMs, ...(await watchMemory(project, reader)) });
  }
  return rows;
}

interface Project {
  readonly source: string;
  readonly mountPoint: string;
  readonly state: string;
  readonly env: NodeJS.ProcessEnv;
}

async function prepareProject(folder: string, assets: number, others: number): Promise<Project> {
  const [source, mountPoint, state] = [join(folder, 'source'), join(folder, 'mount'), join(folder, 'state')];
  for (const each of [source, mountPoint, state]) await mkdir(each, { recursive: true });
  const clips = await makeManyFiles(join(source, 'footage'), assets, Buffer.from('master'));
  await makeManyFiles(join(source, 'other'), others, Buffer.from('other'), '.bin');
  await describeAll(toRealPath(source), clips, toRealPath(state));
  const env = { ...process.env, XDG_RUNTIME_DIR: join(folder, 'run'), PROXYFS_WORKERS: '0', PROXYFS_SETTLE_MS: '0' };
  return { source, mountPoint, state, env };
}

async function describeAll(source: RealPath, clips: readonly string[], state: RealPath): Promise<void> {
  const catalog = createCatalog(openDatabase(join(state, 'catalog.db') as RealPath));
  const pool = await openPool(join(state, 'pool') as RealPath);
  try {
    for (let at = 0; at < clips.length; at += BATCH) {
      const files = await Promise.all(clips.slice(at, at + BATCH).map((clip) => foundFile(source, clip)));
      for (const { id } of catalog.observeAll(files)) {
        const fingerprint = blake3OfParts([source, String(id)]) as Fingerprint;
        const asset = catalog.describe(id, { fingerprint, media: MEDIA, eligibility: { kind: 'eligible' } });
        const poolKey = fingerprint as string as PoolKey;
        const variant = { asset: asset.id, profile: PROFILE, poolKey, extension: '.mov', size: 5, guard: asset.master };
        catalog.recordVariant(variant);
        const file = pool.fileOf(poolKey, '.mov');
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, 'proxy');
      }
    }
  } finally {
    catalog.close();
  }
}

/** What is known of a clip, as far as a daemon that makes nothing looks at it. */
const MEDIA: MediaInfo = {
  format: 'mov,mp4,m4a,3gp,3g2,mj2',
  duration: undefined,
  streams: [],
  timecode: undefined,
  reel: undefined,
  tags: {},
};

async function foundFile(source: RealPath, file: string) {
  const { dev, ino, size, mtimeNs } = await stat(file, { bigint: true });
  return { path: toVirtualPath(relative(source, file)), identity: { dev, ino }, master: { size, mtimeNs } };
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
