/** What people read of a job, beside its result document. */

import { formatSize } from '../../src/base/byte-size.js';
import type { JobResult } from '../../src/jobspec/result.js';
import type { Verification } from '../../src/jobspec/verify.js';
import type { Violation } from '../../src/jobspec/violation.js';
import { escapeName, escapeText } from '../output/escape.js';
import { counted } from '../output/quantities.js';

/** More than these are counted. */
const LISTED = 100;

export function violationLines(violations: readonly Violation[]): string[] {
  const lines = violations
    .slice(0, LISTED)
    .map(({ pointer, message }) => `  ${escapeName(pointer === '' ? '(document)' : pointer)}: ${escapeText(message)}`);
  return violations.length > LISTED ? [...lines, `  and ${violations.length - LISTED} more`] : lines;
}

interface Refused {
  readonly violations: readonly Violation[];
  readonly error: { readonly message: string } | null;
}

export function refusedLines(job: string, { violations, error }: Refused): string[] {
  const name = job === '-' ? 'the job on standard input' : job;
  const first = violations.length === 0 ? [] : [`${name} is refused, ${counted(violations.length, 'violation')}:`];
  return [...first, ...violationLines(violations), ...(error === null ? [] : [escapeText(error.message)])];
}

/** Nothing that succeeded is listed. */
export function resultLines(result: JobResult): string[] {
  const { totals, status, clips, error, publication } = result;
  const made = `${counted(totals.completed, 'clip')} made (${formatSize(totals.input_bytes)} -> ${formatSize(totals.output_bytes)})`;
  const rest = [
    ...(totals.skipped > 0 ? [`${totals.skipped} skipped`] : []),
    ...(totals.failed > 0 ? [`${totals.failed} failed`] : []),
    ...(totals.interrupted + totals.not_started > 0 ? [`${totals.interrupted + totals.not_started} not finished`] : []),
  ];
  const troubles = clips.flatMap(({ source, failure }) => {
    return failure === null ? [] : [`  ${escapeName(source)}: ${escapeText(failure.reason)}`];
  });
  const unpublished = (publication?.clips ?? []).flatMap(({ index, reason, outcome }) => {
    const refused = outcome === 'refused' || outcome === 'ineligible';
    return refused ? [`  clip ${index} is not adopted: ${escapeText(reason ?? outcome)}`] : [];
  });
  const lines = [...(error === null ? [] : [escapeText(error.message)]), ...troubles.slice(0, LISTED), ...unpublished];
  return [`${status}: ${[made, ...rest].join(', ')}`, ...lines];
}

export function verificationLines({ equal, environment, clips }: Verification): string[] {
  const other = clips.filter(({ outcome, on_disk }) => !(outcome === 'equal' && on_disk !== 'different'));
  return [
    equal ? `equal: ${counted(clips.length, 'clip')}` : 'NOT equal',
    ...environment.differences.map((difference) => `  the environment is another: ${difference}`),
    ...other.slice(0, LISTED).map(({ output, outcome, on_disk, reason }) => {
      const disk = on_disk === 'different' ? '; the file on the disk is not the one that was made' : '';
      return `  ${escapeName(output)}: ${outcome}${reason === null ? '' : `, ${escapeText(reason)}`}${disk}`;
    }),
  ];
}
