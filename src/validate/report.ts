/** The result of comparing a finished proxy with its master. Plain data, stored in the manifest. */

export interface ValidationReport {
  readonly ok: boolean;
  /** Every comparison made, in order. */
  readonly checks: readonly ValidationCheck[];
}

export interface ValidationCheck {
  /** What was compared, for example `video 0 frame count`. */
  readonly field: string;
  readonly expected: string;
  readonly found: string;
  readonly ok: boolean;
}

/** `frame count: expected 48, found 47; timecode: ...` - the reason of a rejection. */
export function describeRejection(report: ValidationReport): string {
  return report.checks
    .filter((check) => !check.ok)
    .map((check) => `${check.field}: expected ${check.expected}, found ${check.found}`)
    .join('; ');
}
