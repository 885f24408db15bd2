/** From a job file to a plan, as the commands that take one need it. */

import { ProxyfsError, toProxyfsError } from '../../src/base/error.js';
import type { Toolchain } from '../../src/ffmpeg/toolchain.js';
import type { JobPlan, OutputExists } from '../../src/jobspec/job-plan.js';
import type { ParsedSpec } from '../../src/jobspec/parse-spec.js';
import type { Violation } from '../../src/jobspec/violation.js';
import type { Terminal } from '../terminal.js';

export type PreparedJob =
  | { readonly kind: 'plan'; readonly plan: JobPlan; readonly parsed: ParsedSpec }
  | {
      readonly kind: 'refused';
      readonly parsed: ParsedSpec | undefined;
      readonly violations: readonly Violation[];
      /** The machine is in the way, or it was interrupted. */
      readonly error?: ProxyfsError;
      readonly toolchain?: Toolchain;
    };

export interface PrepareOptions {
  readonly outputExists: OutputExists;
  readonly discard?: boolean;
  readonly signal: AbortSignal;
  readonly onChecked?: (done: number, total: number) => void;
}

/** Never rejects for what the job, the machine or Ctrl-C does. */
export async function prepareJob(
  parsed: ParsedSpec,
  terminal: Terminal,
  { signal, ...options }: PrepareOptions,
): Promise<PreparedJob> {
  const [{ locateFfmpeg }, { listRecords }, { checkJob }] = await Promise.all([
    import('../../src/ffmpeg/toolchain.js'),
    import('../../src/control/discovery.js'),
    import('../../src/jobspec/check-job.js'),
  ]);
  let toolchain: Toolchain | undefined;
  try {
    const { env } = terminal;
    toolchain = await locateFfmpeg({ env, ffmpegPath: env['PROXYFS_FFMPEG'] || undefined });
    const checked = await checkJob(parsed, { ...options, toolchain, projects: await listRecords() }, signal);
    if (checked.ok) return { kind: 'plan', plan: checked.plan, parsed };
    return { kind: 'refused', parsed, violations: checked.violations, toolchain };
  } catch (thrown) {
    const error = signal.aborted ? interrupted() : toProxyfsError(thrown);
    const violations = parsed.ok ? [] : parsed.violations;
    return { kind: 'refused', parsed, violations, error, ...(toolchain === undefined ? {} : { toolchain }) };
  }
}

function interrupted(): ProxyfsError {
  return new ProxyfsError('job/cancelled', 'stopped while the job was checked: nothing was run');
}
