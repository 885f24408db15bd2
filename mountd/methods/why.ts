/** `why`: which variant a path serves, and the whole chain of decisions behind it. */

import { stat } from 'node:fs/promises';
import { type RealPath, realPathOf, toVirtualPath, type VirtualPath } from '../../src/base/paths.js';
import type { Params, Result, ServedPath } from '../../src/control/schema.js';
import { planProxy } from '../../src/generate/plan.js';
import { wayOutOfFailure } from '../../src/generate/way-out.js';
import { readCameraCurve } from '../../src/probe/camera-curve.js';
import { ffmpegArguments } from '../../src/profiles/command.js';
import { findProfile } from '../../src/profiles/profiles.js';
import { remarksOn } from '../../src/view/remarks.js';
import { usableProxy } from '../../src/view/resolve.js';
import type { ServableAsset } from '../../src/view/servable.js';
import { explain } from '../../src/view/why.js';
import type { Daemon } from '../daemon.js';
import { offlineAt } from '../offline.js';
import { servedOf } from '../served.js';
import { existingPath } from './paths.js';

export async function why(daemon: Daemon, params: Params<'why'>): Promise<Result<'why'>> {
  const away = offlineAt(daemon, toVirtualPath(params.path));
  if (away !== undefined && !(await isThere(daemon, away.path as VirtualPath))) return ofOffline(daemon, away);
  const { path, stat: found } = await existingPath(daemon, params.path);
  const served = servedOf(daemon, path, found);
  const masterPath = realPathOf(daemon.place.source, path);
  const asset = found.isFile() ? daemon.view.byIdentity({ dev: found.dev, ino: found.ino }) : undefined;
  if (asset === undefined) {
    const { problem } = daemon.production.scanState;
    const because = [
      `${capitalised(served.reason)}.`,
      ...(problem === null ? [] : [`Nothing is examined: ${problem}.`]),
    ];
    return { served, because, masterPath, proxyPath: null, command: null, wayOut: null };
  }
  const { because, wayOut } = explain(asset, path, daemon.modes.state, daemon.policy);
  return {
    served,
    because: [
      ...because,
      ...presentState(served, because),
      ...passedOver(daemon, asset),
      ...pinOf(served),
      ...(await remarks(daemon, asset, masterPath)),
    ],
    masterPath,
    proxyPath: asset.proxy?.file ?? null,
    command: await commandOf(daemon, asset, path),
    wayOut: wayOutOfFailed(daemon, asset) ?? wayOut ?? null,
  };
}

/** Its turn has come, and others are made meanwhile. */
function passedOver({ files, production, profileOf }: Daemon, asset: ServableAsset): readonly string[] {
  const job = usableProxy(asset) === undefined ? files.queue.latestOf(asset.id, profileOf(asset.paths)) : undefined;
  const reason = job?.state === 'waiting' ? production.waitsFor(job.id) : undefined;
  return reason === undefined ? [] : [`Its proxy waits although its turn has come: ${reason}.`];
}

/** Of a clip that was tried: asking for it again without a change ends as before. */
function wayOutOfFailed({ files, profileOf }: Daemon, asset: ServableAsset): string | undefined {
  if (usableProxy(asset) !== undefined) return undefined;
  const profile = profileOf(asset.paths);
  const failure = files.catalog.failures().find((each) => each.asset === asset.id && each.profile === profile);
  return failure && wayOutOfFailure(failure.reason, failure.rejected);
}

async function isThere({ place }: Daemon, path: VirtualPath): Promise<boolean> {
  return await stat(realPathOf(place.source, path)).then(
    () => true,
    () => false,
  );
}

function ofOffline(daemon: Daemon, served: ServedPath): Result<'why'> {
  const path = served.path as VirtualPath;
  const asset = daemon.view.byPath(path);
  const proxy = asset?.proxy;
  const kept = proxy === undefined ? 'It has no proxy yet.' : `Its proxy is kept: ${proxy.file}.`;
  return {
    served,
    because: [
      `${capitalised(served.reason)}.`,
      kept,
      'Opening it fails meanwhile; programs that hold its proxy open read on.',
    ],
    masterPath: realPathOf(daemon.place.source, path),
    proxyPath: proxy?.file ?? null,
    command: null,
    wayOut: 'connect its drive again: nothing has to be examined or encoded anew',
  };
}

function pinOf({ pinnedBy }: ServedPath): readonly string[] {
  if (pinnedBy === null) return [];
  return [`It is pinned by '${pinnedBy || '/'}': its proxy is never removed to make room.`];
}

async function remarks(daemon: Daemon, asset: ServableAsset, master: RealPath): Promise<readonly string[]> {
  const media = daemon.files.catalog.get(asset.id)?.media;
  const { look } = findProfile(asset.proxy?.profile ?? daemon.profileOf(asset.paths));
  const applied = look === undefined ? undefined : daemon.files.looks.get(look);
  return media === undefined ? [] : remarksOn(media, await readCameraCurve(master), applied);
}

/** What is served now may lag behind what was decided: said unless the last decision says it. */
function presentState({ denied, variant, reason }: ServedPath, because: readonly string[]): readonly string[] {
  if (denied) return [];
  return because.at(-1)?.includes(reason) === true ? [] : [`Now it serves the ${variant}: ${reason}.`];
}

/** As recorded in the manifest of the proxy that is there, else as it would be run. */
async function commandOf(daemon: Daemon, asset: ServableAsset, path: VirtualPath): Promise<string[] | null> {
  const { catalog, pool } = daemon.files;
  const profile = daemon.profileOf(asset.paths);
  const variant = catalog.variantsOf(asset.id).find((row) => row.profile === profile);
  const manifest = variant === undefined ? undefined : await pool.find(variant.poolKey);
  if (manifest !== undefined) return [...manifest.command];
  return await plannedCommand(daemon, asset, path);
}

async function plannedCommand(daemon: Daemon, asset: ServableAsset, path: VirtualPath): Promise<string[] | null> {
  const row = daemon.files.catalog.get(asset.id);
  // Without FFmpeg there is no command to show; the daemon has logged that it is missing.
  const generation = await daemon.production.generation().catch(() => undefined);
  if (row === undefined || generation === undefined) return null;
  const plan = planProxy(row, daemon.profileOf(row.paths), generation);
  if (plan.kind !== 'make') return null;
  // As in `plan`: never the place in the pool.
  const output = `OUTPUT${plan.recipe.extension}` as RealPath;
  return [generation.toolchain.ffmpeg, ...ffmpegArguments(plan.recipe, realPathOf(daemon.place.source, path), output)];
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
