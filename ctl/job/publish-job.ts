/**
 * `--publish PROJECT`: the outputs of a job become proxies of a mounted project. Its daemon
 * validates each against its master, as it does with proxies of cameras and editors, and
 * keeps a copy in its pool.
 */

import { ProxyfsError, toProxyfsError } from '../../src/base/error.js';
import { extensionOf } from '../../src/base/media-extension.js';
import { type VirtualPath, virtualPathBelow } from '../../src/base/paths.js';
import { type Client, connect } from '../../src/control/client.js';
import { findProject } from '../../src/control/discovery.js';
import { withPublication } from '../../src/jobspec/assemble-result.js';
import type { ClipPlan, JobPlan } from '../../src/jobspec/job-plan.js';
import type { JobResult, Publication } from '../../src/jobspec/result.js';
import type { Violation } from '../../src/jobspec/violation.js';
import { currentDirectory } from '../session.js';
import type { Terminal } from '../terminal.js';

export interface ProjectToPublish {
  publish(result: JobResult, signal: AbortSignal): Promise<JobResult>;
  close(): void;
}

export interface NotPublishable {
  readonly violations: readonly Violation[];
  readonly error?: ProxyfsError;
}

/** Before anything runs: the project is mounted, and its daemon could serve each output. */
export async function openPublication(
  project: string,
  plan: JobPlan,
  terminal: Terminal,
): Promise<ProjectToPublish | NotPublishable> {
  try {
    const record = await findProject(project, currentDirectory(terminal));
    const paths = new Map<number, VirtualPath>();
    const violations = plan.clips.flatMap((clip) => {
      const path = virtualPathBelow(record.source, clip.master);
      if (path !== undefined) paths.set(clip.index, path);
      return faultsOf(clip, path, record.source).map((message) => ({ pointer: `/sources/${clip.index - 1}`, message }));
    });
    if (violations.length > 0) return { violations };
    const client = await connect(record);
    return {
      publish: (result, signal) => publish(client, { result, paths, project: record.project, signal }),
      close: () => client.close(),
    };
  } catch (thrown) {
    return { violations: [], error: toProxyfsError(thrown) };
  }
}

/** A mount serves a proxy under the name of its master, so the bytes must be what that name says. */
function faultsOf({ source, master, output }: ClipPlan, path: VirtualPath | undefined, project: string): string[] {
  if (path === undefined)
    return [`source '${source}' is not in the project ${project}, so its proxy cannot be published there`];
  const [has, needs] = [extensionOf(output), extensionOf(master)];
  if (has === needs) return [];
  return [
    `the output of '${source}' is ${has}, and a mount serves proxies under the name of the master, which is ${needs}: choose a profile that makes ${needs}, such as a set`,
  ];
}

interface Publishing {
  readonly result: JobResult;
  readonly paths: ReadonlyMap<number, VirtualPath>;
  readonly project: string;
  readonly signal: AbortSignal;
}

async function publish(client: Client, { result, paths, project, signal }: Publishing): Promise<JobResult> {
  const there = result.clips.filter(({ status }) => status === 'completed' || status === 'skipped');
  const files = there.map(({ index, output }) => ({ path: paths.get(index) ?? '', file: output }));
  if (files.length === 0) return result;
  try {
    const { clips } = await client.call('adopt.files', { files }, { signal });
    return withPublication(
      result,
      publicationOf(
        project,
        there.map(({ index }) => index),
        clips,
      ),
    );
  } catch (thrown) {
    // The outputs are made; that nobody adopted them is said clip by clip.
    const { message } = signal.aborted ? stopped() : toProxyfsError(thrown);
    const refused = there.map(({ index }) => ({ index, outcome: 'refused' as const, reason: message }));
    return withPublication(result, { project, clips: refused, adopted: 0, refused: refused.length });
  }
}

type Adopted = readonly { readonly outcome: Publication['clips'][number]['outcome']; readonly reason: string | null }[];

function publicationOf(project: string, indices: readonly number[], adopted: Adopted): Publication {
  const clips = indices.map((index, at) => {
    const { outcome = 'refused', reason = null } = adopted[at] ?? {};
    return { index, outcome, reason };
  });
  const count = (...outcomes: string[]) => clips.filter(({ outcome }) => outcomes.includes(outcome)).length;
  return { project, clips, adopted: count('adopted'), refused: count('refused', 'ineligible') };
}

function stopped(): ProxyfsError {
  return new ProxyfsError('job/cancelled', 'stopped before the project had adopted it');
}
