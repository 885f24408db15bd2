/**
 * Looks at one source: is it a file that can be read, which engine does it need, and can
 * the profile make an equal proxy of it? Reads only. Any number may run at once.
 */

import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { errnoOf, ProxyfsError } from '../base/error.js';
import type { PoolKey } from '../base/ids.js';
import { extensionKind, extensionOf } from '../base/media-extension.js';
import type { RealPath } from '../base/paths.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import { fingerprintFile } from '../fingerprint/fingerprint.js';
import { routeMaster } from '../generate/route-master.js';
import { poolKeyOf } from '../pool/pool-key.js';
import type { MediaInfo } from '../probe/media-info.js';
import { probeMedia } from '../probe/probe.js';
import { type EngineRoute, requireEngine, routeKnown } from '../profiles/engine.js';
import type { Profile } from '../profiles/profile.js';
import type { Recipe } from '../profiles/recipe.js';
import { resolveRecipe } from '../profiles/resolve.js';
import { classifyMedia } from '../view/eligibility.js';
import type { MasterState } from './job-plan.js';
import { type Mounts, masterPath } from './master-path.js';
import { shortened } from './violation.js';

export interface SourceQuestion {
  readonly source: string;
  /** undefined: the spec's profile is missing or unknown. */
  readonly profile: Profile | undefined;
  readonly toolchain: Toolchain;
  readonly mounts: Mounts;
  readonly signal: AbortSignal | undefined;
}

export interface SourceFacts {
  readonly master: RealPath;
  readonly state: MasterState;
  readonly media: MediaInfo | undefined;
  readonly route: EngineRoute;
  /** undefined where the profile is not known, or is not FFmpeg's. */
  readonly made: { readonly recipe: Recipe; readonly poolKey: PoolKey } | undefined;
}

/** `state` is there as soon as the file is known, also when something is wrong with it. */
export interface CheckedSource {
  readonly facts: SourceFacts | undefined;
  readonly state: MasterState | undefined;
  readonly route: EngineRoute | undefined;
  /** One sentence each. */
  readonly faults: readonly string[];
}

/** Thrown by the steps below, caught by `checkSource` alone. */
class Fault {
  constructor(readonly sentence: string) {}
}

/** Rejects with 'job/cancelled', or what has nothing to do with the source. */
export async function checkSource(question: SourceQuestion): Promise<CheckedSource> {
  const seen: { state?: MasterState; route?: EngineRoute } = {};
  try {
    const facts = await examine(question, seen);
    return { facts, state: facts.state, route: facts.route, faults: [] };
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    return { facts: undefined, state: seen.state, route: seen.route, faults: [thrown.sentence] };
  }
}

async function examine(
  question: SourceQuestion,
  seen: { state?: MasterState; route?: EngineRoute },
): Promise<SourceFacts> {
  const { source, toolchain } = question;
  const master = await locate(question);
  const before = await regularFile(source, master);
  seen.state = { ...before, fingerprint: '' as MasterState['fingerprint'] };
  refuseByName(source, master);
  const state = { ...before, fingerprint: await fingerprintFile(master).catch((error) => unreadable(source, error)) };
  seen.state = state;
  const known = routeKnown(master, undefined);
  const media = known === undefined ? await probe(question, master) : undefined;
  if (media !== undefined) refuseStreams(source, media);
  const route = known ?? (await routeMaster(toolchain, master, media, question.signal));
  seen.route = route;
  if (question.profile !== undefined) refuseEngine(question.profile, route);
  const made = media === undefined ? undefined : makeRecipe(question, { media, master, state });
  const after = await regularFile(source, master);
  if (after.size !== before.size || after.mtimeNs !== before.mtimeNs) {
    throw new Fault(`source '${source}' changed while it was examined: run the job when nobody writes to it`);
  }
  return { master, state, media, route, made };
}

async function locate({ source, mounts }: SourceQuestion): Promise<RealPath> {
  const found = await masterPath(source, mounts).catch((error: unknown) => unreadable(source, error));
  if (found.kind === 'master') return found.path;
  throw new Fault(
    `source '${source}' lies below the proxyfs mount ${found.mountPoint}, where it may be a proxy, and a job reads masters: name it in the source tree`,
  );
}

async function regularFile(source: string, master: RealPath): Promise<Omit<MasterState, 'fingerprint'>> {
  const found = await stat(master, { bigint: true }).catch((error: unknown) => unreadable(source, error));
  const { dev, ino, size, mtimeNs } = found;
  if (found.isDirectory()) throw new Fault(`source '${source}' is a directory: name the files in it`);
  if (!found.isFile()) throw new Fault(`source '${source}' is a device, a socket or a pipe, not a regular file`);
  if (size === 0n) throw new Fault(`source '${source}' has zero bytes: it may not have been copied yet`);
  await access(master, constants.R_OK).catch((error: unknown) => unreadable(source, error));
  return { dev, ino, size, mtimeNs };
}

function unreadable(source: string, error: unknown): never {
  const cause = error instanceof ProxyfsError && error.cause !== undefined ? error.cause : error;
  const errno = errnoOf(cause);
  if (errno === 'ENOENT' || errno === 'ENOTDIR') throw new Fault(`source '${source}' does not exist`);
  if (errno === 'EACCES' || errno === 'EPERM') {
    throw new Fault(`source '${source}' cannot be read: permission denied for the user who runs the job`);
  }
  if (errno === 'ENAMETOOLONG') throw new Fault(`source '${shortened(source)}' does not exist: its path is too long`);
  if (errno === 'ELOOP') throw new Fault(`source '${source}' cannot be read: its symbolic links lead in a circle`);
  if (errno === undefined && !(error instanceof ProxyfsError)) throw error;
  throw new Fault(`source '${source}' cannot be read: ${error instanceof Error ? error.message : errno}`);
}

function refuseByName(source: string, master: RealPath): void {
  const kind = extensionKind(extensionOf(master));
  if (kind === 'still') throw new Fault(`source '${source}' is a still picture, and jobs make proxies of clips`);
  if (kind === 'audio')
    throw new Fault(`source '${source}' is sound without a picture, and jobs make proxies of clips`);
}

async function probe({ source, toolchain, signal }: SourceQuestion, master: RealPath): Promise<MediaInfo> {
  try {
    return await probeMedia(toolchain, master, { signal, count: true });
  } catch (error) {
    if (signal?.aborted || !(error instanceof ProxyfsError) || !error.code.startsWith('ffprobe/')) throw error;
    const said = error.message.replaceAll(master, source);
    throw new Fault(
      `source '${source}' is no clip that can be read: ${said}; it may be damaged or still being written`,
    );
  }
}

/** What has no picture needs no engine. */
function refuseStreams(source: string, media: MediaInfo): void {
  const eligibility = classifyMedia(media);
  if (eligibility.kind === 'ineligible' && NO_ENGINE.has(eligibility.code)) throw cannot(source, eligibility.reason);
}

const NO_ENGINE = new Set(['cover-art', 'audio-only', 'no-video', 'several-videos']);

function refuseEngine(profile: Profile, route: EngineRoute): void {
  try {
    requireEngine(profile, route);
  } catch (error) {
    throw error instanceof ProxyfsError ? new Fault(error.message) : error;
  }
}

function makeRecipe(
  { source, profile, toolchain }: SourceQuestion,
  { media, master, state }: Pick<SourceFacts, 'master' | 'state'> & { readonly media: MediaInfo },
): SourceFacts['made'] {
  const eligibility = classifyMedia(media);
  if (eligibility.kind !== 'eligible') throw cannot(source, eligibility.reason);
  if (profile?.engine !== 'ffmpeg') return undefined;
  const result = resolveRecipe(profile.name, { media, extension: extensionOf(master), encoders: toolchain.encoders });
  if (result.kind === 'refused') throw cannot(source, `profile '${profile.name}': ${result.reason}`);
  const { recipe } = result;
  return { recipe, poolKey: poolKeyOf(state.fingerprint, recipe.hash, toolchain.build) };
}

function cannot(source: string, reason: string): Fault {
  return new Fault(`source '${source}' cannot have an equal proxy: ${reason}`);
}
