/** The tour itself: mount, proxies, proxy -> master -> proxy, unmount; each step with its proof. */

import { access, realpath, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { ProxyfsError } from '../../src/base/error.js';
import { type Clip, prewarmedSchema } from './clip.js';
import { makeDemoProject } from './demo-project.js';
import { differences, footprintOf } from './footprint.js';
import type { Guide } from './guide.js';
import { proveMasters, proveProxies, proveSameProxies, proveUntouchedFiles, type Witness } from './proofs.js';
import { chooseWitnesses } from './witnesses.js';
import { isMounted, type Workspace } from './workspace.js';

export interface TourOptions {
  readonly folder: string | undefined;
  readonly workspace: Workspace;
  readonly guide: Guide;
  readonly signal: AbortSignal;
}

export async function runTour({ folder, workspace, guide, signal }: TourOptions): Promise<void> {
  const { command, mountPoint } = workspace;
  const source = await sourceOf(folder, workspace, guide, signal);
  const before = await footprintOf(source);

  guide.step('Mount');
  await type(['mount', source, mountPoint, '--mode', 'proxy', '--state', workspace.state, '--pool', workspace.pool]);
  check(await isMounted(mountPoint), `${mountPoint} is not mounted`);
  guide.verified('the mount point answers');

  guide.step('Make the proxies');
  const clips = await prewarm();

  guide.step('Proxy mode: the paths hold proxies');
  const witnesses = await chooseWitnesses(clips, source, mountPoint);
  await type(['ls', folderOf(witnesses[0])]);
  await proveProxies(witnesses, guide);

  guide.step('Master mode: the same paths, now the masters');
  await type(['mode', 'master']);
  await type(['assert', 'master', '.']);
  await proveMasters(witnesses, guide);
  await proveUntouchedFiles(source, mountPoint, clips, guide);

  guide.step('And back to the proxies');
  await type(['mode', 'proxy']);
  await proveSameProxies(witnesses, guide);
  await explain(clips.find((clip) => clip.outcome === 'ineligible') ?? witnesses[0]);

  guide.step('Unmount');
  await type(['unmount', mountPoint]);
  check(!(await isMounted(mountPoint)), `${mountPoint} is still mounted`);
  guide.verified('the mount is gone');
  const touched = differences(before, await footprintOf(source));
  check(touched.length === 0, `the source was changed: ${touched.slice(0, 5).join(', ')}`);
  guide.verified(`the source is as it was: ${before.size} entries with the same sizes, times and inodes`);

  /** As a user types it: in the project, so that no project needs to be named. */
  async function type(argv: readonly string[], also: readonly number[] = []): Promise<number> {
    signal.throwIfAborted();
    guide.typed(argv);
    const cwd = (await isMounted(mountPoint)) && argv[0] !== 'unmount' ? { cwd: mountPoint } : {};
    return await command.show(argv, { ...cwd, also });
  }

  async function prewarm(): Promise<readonly Clip[]> {
    // Clips that cannot be read are the folder's own affair; what was made is verified below.
    await type(['prewarm', '.'], [3]);
    const { clips } = prewarmedSchema.parse(await command.ask(['prewarm', '.'], { cwd: mountPoint }));
    const there = clips.filter((clip) => clip.outcome === 'already-there');
    check(there.length > 0, `no file below ${source} can have a proxy: 'proxyfs why PATH' says why for each`);
    guide.verified(`${there.length} of ${clips.length} media files have a validated proxy`);
    return clips;
  }

  async function explain(file: { readonly path: string } | undefined): Promise<void> {
    if (file === undefined) return;
    guide.say('And why does a file serve what it serves?');
    await type(['why', file.path]);
  }
}

async function sourceOf(
  folder: string | undefined,
  { demo }: Workspace,
  guide: Guide,
  signal: AbortSignal,
): Promise<string> {
  guide.step(folder === undefined ? 'A project: two camera rolls, made with FFmpeg' : 'A project');
  if (folder === undefined) {
    await makeDemoProject(demo, signal, (text) => guide.say(text));
    return demo;
  }
  const path = resolve(folder);
  const found = await stat(path).catch(() => undefined);
  if (!found?.isDirectory()) {
    throw new ProxyfsError(
      'source/missing',
      `${path} is not a folder: name one with media files, or none for the demo`,
    );
  }
  await access(path);
  guide.say(`${path} (only read, never changed)`);
  return await realpath(path);
}

function folderOf(witness: Witness | undefined): string {
  return dirname(witness?.path ?? '');
}

function check(holds: boolean, otherwise: string): void {
  if (!holds) throw new ProxyfsError('internal', otherwise);
}
