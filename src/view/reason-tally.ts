/**
 * Counts of what stays master, by reason. Reasons that name what was found (a size, a
 * length) may be as many as there are clips: a code with many of them becomes one row.
 */

export interface ReasonRow {
  readonly code: string;
  readonly reason: string;
  readonly count: number;
}

/** More of one code than this tell nothing that one of them does not. */
const MOST_REASONS = 8;

export class ReasonTally {
  /** Counts by reason, by code. One entry above the most says that there are more. */
  readonly #byCode = new Map<string, { count: number; byReason: Map<string, number> }>();

  add(code: string, reason: string): void {
    const row = this.#byCode.get(code) ?? { count: 0, byReason: new Map() };
    this.#byCode.set(code, row);
    row.count += 1;
    if (row.byReason.size <= MOST_REASONS) row.byReason.set(reason, (row.byReason.get(reason) ?? 0) + 1);
  }

  /** Those that hold for most files first. */
  rows(): readonly ReasonRow[] {
    const rows = [...this.#byCode].flatMap(([code, { count, byReason }]): ReasonRow[] => {
      if (byReason.size <= MOST_REASONS) return [...byReason].map(([reason, each]) => ({ code, reason, count: each }));
      const [first = ''] = byReason.keys();
      return [{ code, reason: `for reasons such as: ${first}`, count }];
    });
    return rows.sort((a, b) => b.count - a.count);
  }
}
