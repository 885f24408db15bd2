/**
 * Everything that is refused before anything runs. Looks at the disk and at every clip;
 * writes nothing, anywhere.
 *
 * Promises: all violations of a spec come in one answer, in the order of the document. A
 * plan says for every clip what will be made of which bytes, and under which name.
 */

import { resolve } from 'node:path';
import { extensionOf } from '../base/media-extension.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import { blake3OfParts } from '../fingerprint/blake3.js';
import { locateResolve } from '../generate/resolve-engine.js';
import type { VideoStream } from '../probe/media-info.js';
import type { Profile } from '../profiles/profile.js';
import { canonicalJson } from '../profiles/recipe-hash.js';
import { toNumber } from '../time/rational.js';
import {
  type CheckedOutput,
  checkFolder,
  checkOutput,
  collisions,
  indexSources,
  type NamedOutput,
} from './check-output.js';
import { checkProfile, contradictionsOfClip } from './check-profile.js';
import { type CheckedSource, checkSource } from './check-source.js';
import type { ClipPlan, ClipWork, JobPlan, OutputExists } from './job-plan.js';
import { type MountedProject, readMounts } from './master-path.js';
import { fillTemplate, type NameTemplate, needsFacts, parseTemplate, type TokenValues } from './name-template.js';
import type { Draft, ParsedSpec } from './parse-spec.js';
import type { JobSpec } from './spec-schema.js';
import { inOrder, pointerOf, shortened, type Violation } from './violation.js';

export interface CheckOptions {
  readonly toolchain: Toolchain;
  readonly outputExists: OutputExists;
  /** Mounted projects, so that a path below a mount can be read from the source tree. */
  readonly projects?: readonly MountedProject[] | undefined;
  /** The outputs will be thrown away: their folder and names are not looked at. */
  readonly discard?: boolean | undefined;
  readonly onChecked?: ((done: number, total: number) => void) | undefined;
}

export type CheckedJob =
  | { readonly ok: true; readonly plan: JobPlan }
  | { readonly ok: false; readonly violations: readonly Violation[] };

/** Of a path in a sentence: more is no path. */
const LONGEST_PATH = 4096;
/** Sources that are probed at once. */
const AT_ONCE = 4;

/** Rejects with 'job/cancelled', and with 'resolve/unavailable' when that is all that is wrong. */
export async function checkJob(parsed: ParsedSpec, options: CheckOptions, signal?: AbortSignal): Promise<CheckedJob> {
  const { draft } = parsed;
  const mounts = await readMounts(options.projects ?? []);
  const { profile, hint, violations: ofProfile } = checkProfile(draft);
  const sources = await mapAtOnce(draft.sourceList, async (source, done) => {
    if (source === undefined) return undefined;
    signal?.throwIfAborted();
    const checked = await checkSource({ source, profile, toolchain: options.toolchain, mounts, signal });
    options.onChecked?.(done, draft.sourceList.length);
    return { source, ...checked };
  });
  const { named, violations: ofNames } = nameOutputs(draft, profile, sources);
  const pointers = { template: draft.pointers.output_name_template ?? '', folder: draft.pointers.output_dir ?? '' };
  const folder =
    draft.output_dir === undefined || options.discard
      ? undefined
      : await checkFolder(draft.output_dir, pointers.folder, { sources: textsOf(draft), mounts });
  const index = indexSources(
    sources.flatMap((entry) => (entry === undefined ? [] : [{ ...entry, master: entry.facts?.master }])),
  );
  const outputs = await mapAtOnce(named, async (output) => {
    if (output === undefined || folder === undefined) return undefined;
    return await checkOutput(folder.folder, output, { sources: index, outputExists: options.outputExists });
  });
  const violations = [
    ...(parsed.ok ? [] : parsed.violations.map((violation) => withHint(violation, hint))),
    ...ofProfile,
    ...sourceViolations(sources),
    ...ofNames,
    ...(folder?.violations ?? []),
    ...(profile === undefined ? [] : clipContradictions(profile, draft, sources)),
    ...outputs.flatMap((output) => (output?.faults ?? []).map((message) => ({ pointer: pointers.template, message }))),
  ];
  if (violations.length > 0 || !parsed.ok || profile === undefined)
    return { ok: false, violations: inOrder(violations) };
  if (profile.engine === 'resolve') await locateResolve();
  const clips = sources.map((source, at) => clipPlan(at, source, profile, named[at], outputs[at]));
  return { ok: true, plan: planOf(parsed.spec, profile, clips, folder?.folder, options) };
}

function withHint({ pointer, message }: Violation, hint: string | undefined): Violation {
  const isAbout = pointer === '/proxy_profile' && hint !== undefined;
  return { pointer, message: isAbout ? `${message}; ${hint}` : message };
}

type Source = ({ readonly source: string } & CheckedSource) | undefined;

const textsOf = ({ sourceList }: Draft): string[] => sourceList.filter((source) => source !== undefined);

/** The job's name: the spec's own, or one that follows from its content. */
export function jobIdOf(spec: JobSpec): string {
  return spec.job_id ?? `job-${blake3OfParts(['proxyfs job 1', canonicalJson(spec)]).slice(0, 16)}`;
}

function sourceViolations(sources: readonly Source[]): Violation[] {
  const first = new Map<string, string>();
  const found: Violation[] = [];
  for (const [at, source] of sources.entries()) {
    if (source === undefined) continue;
    const pointer = pointerOf(['sources', at]);
    found.push(...source.faults.map((message) => ({ pointer, message })));
    const keys = [
      resolve(source.source),
      ...(source.state === undefined ? [] : [`${source.state.dev}:${source.state.ino}`]),
    ];
    const earlier = keys.map((key) => first.get(key)).find((name) => name !== undefined);
    if (earlier !== undefined) {
      const how = earlier === source.source ? 'is listed twice' : `is the same file as '${earlier}'`;
      found.push({ pointer, message: `source '${source.source}' ${how}: list each clip once` });
    }
    for (const key of keys) if (!first.has(key)) first.set(key, source.source);
  }
  return [...found, ...mixedEngines(sources)];
}

function mixedEngines(sources: readonly Source[]): Violation[] {
  const engines = new Set(sources.flatMap((source) => (source?.route === undefined ? [] : [source.route.engine])));
  if (engines.size < 2) return [];
  const message = 'the sources need two engines (ffmpeg and resolve), and a job has one: make one job for each engine';
  return [{ pointer: '/sources', message }];
}

interface Named {
  readonly named: readonly (NamedOutput | undefined)[];
  readonly violations: readonly Violation[];
}

function nameOutputs(draft: Draft, profile: Profile | undefined, sources: readonly Source[]): Named {
  const text = draft.output_name_template;
  if (text === undefined) return { named: sources.map(() => undefined), violations: [] };
  const pointer = draft.pointers.output_name_template ?? '';
  const template = parseTemplate(text);
  const faults = [...template.faults];
  const named = sources.map((source, at) => {
    if (source === undefined || template.faults.length > 0) return undefined;
    const filled = fillFor(template, draft, profile, source, at);
    if (filled?.kind === 'fault') faults.push(`${filled.fault} (source '${shortened(source.source, LONGEST_PATH)}')`);
    if (filled?.kind !== 'name') return undefined;
    return { source: source.source, master: source.state, name: filled.name };
  });
  const clashes = collisions(named);
  return { named, violations: [...faults, ...clashes].map((message) => ({ pointer, message })) };
}

/** undefined: the clip's own fault keeps its name from being known. */
function fillFor(
  template: NameTemplate,
  draft: Draft,
  profile: Profile | undefined,
  { source, facts }: NonNullable<Source>,
  at: number,
) {
  if (needsFacts(template) && facts === undefined) return undefined;
  const extension = facts?.made?.recipe.extension ?? extensionFor(profile, source);
  const name = source.slice(source.lastIndexOf('/') + 1);
  const own = extensionOf(name);
  const video = facts?.media?.streams.find((stream): stream is VideoStream => stream.kind === 'video');
  const expect = facts?.made?.recipe.expect;
  const values: TokenValues = {
    source_name: own === '' ? name : name.slice(0, -own.length),
    index: at + 1,
    date: draft.created_at?.slice(0, 10),
    profile: profile?.name ?? draft.proxy_profile ?? '',
    container: extension.slice(1),
    width: expect?.width ?? video?.width,
    height: expect?.height ?? video?.height,
    fps: video?.frameRate === undefined ? undefined : decimal(toNumber(video.frameRate)),
    timecode: facts?.media?.timecode?.replace(/[:;.]/g, '-'),
    user_metadata: draft.user_metadata ?? {},
  };
  return fillTemplate(template, values, extension);
}

/** `23.976`, `25`. */
const decimal = (rate: number): string => rate.toFixed(3).replace(/\.?0+$/, '');

function extensionFor(profile: Profile | undefined, source: string): string {
  if (profile === undefined || profile.kind === 'set') return extensionOf(source);
  return Object.keys(profile.targets)[0] ?? '';
}

function clipContradictions(profile: Profile, draft: Draft, sources: readonly Source[]): Violation[] {
  return sources.flatMap((source) => {
    const recipe = source?.facts?.made?.recipe;
    if (source === undefined || recipe === undefined) return [];
    const made = { source: source.source, extension: recipe.extension, videoCodec: recipe.expect.videoCodec };
    return contradictionsOfClip(profile, draft, made);
  });
}

/** A picture that cannot be divided as the profile wishes keeps more of its size. */
function missedSize({ size, name }: Profile, source: NonNullable<Source>): string | undefined {
  const recipe = source.facts?.made?.recipe;
  const video = source.facts?.media?.streams.find((stream): stream is VideoStream => stream.kind === 'video');
  if (size.kind !== 'divided' || recipe === undefined || video === undefined) return undefined;
  const { width, height } = recipe.expect;
  if (width * size.by === video.width && height * size.by === video.height) return undefined;
  return `profile '${name}' cannot divide ${video.width}x${video.height} by ${size.by} into even numbers: the proxy of '${source.source}' is ${width}x${height}`;
}

function clipPlan(
  at: number,
  source: Source,
  profile: Profile,
  named: NamedOutput | undefined,
  output: CheckedOutput | undefined,
): ClipPlan {
  const facts = source?.facts;
  if (source === undefined || facts === undefined || named === undefined)
    throw new Error('invariant violated: a clip without facts has violations');
  const missed = missedSize(profile, source);
  return {
    index: at + 1,
    source: source.source,
    master: facts.master,
    state: facts.state,
    media: facts.media,
    work: workOf(facts.made, profile, source.source),
    output: output?.output ?? (named.name as ClipPlan['output']),
    isThere: output?.isThere ?? false,
    warnings: missed === undefined ? [] : [missed],
  };
}

function workOf(made: NonNullable<CheckedSource['facts']>['made'], profile: Profile, source: string): ClipWork {
  if (made !== undefined) return { engine: 'ffmpeg', ...made };
  return { engine: 'resolve', extension: extensionFor(profile, source) };
}

function planOf(
  spec: JobSpec,
  profile: Profile,
  clips: readonly ClipPlan[],
  folder: JobPlan['outputDir'] | undefined,
  { toolchain, outputExists }: CheckOptions,
): JobPlan {
  const outputDir = folder ?? (resolve(spec.output_dir) as JobPlan['outputDir']);
  return { jobId: jobIdOf(spec), spec, profile, toolchain, outputDir, outputExists, clips };
}

/** Results in the order of the input; no more than a few at a time. */
async function mapAtOnce<T, R>(items: readonly T[], work: (item: T, done: number) => Promise<R>): Promise<R[]> {
  const results: R[] = [];
  let next = 0;
  let done = 0;
  const worker = async () => {
    for (let at = next++; at < items.length; at = next++) {
      results[at] = await work(items[at] as T, ++done);
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, items.length) }, worker));
  return results;
}
