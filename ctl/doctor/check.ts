/** One line of `proxyfs doctor`. */

export interface Check {
  readonly name: string;
  readonly state: 'ok' | 'warn' | 'fail';
  /** What was found. */
  readonly finding: string;
  /** What to do about it; null when all is well. */
  readonly wayOut: string | null;
}

export const ok = (name: string, finding: string): Check => ({ name, state: 'ok', finding, wayOut: null });

export const warn = (name: string, finding: string, wayOut: string): Check => ({
  name,
  state: 'warn',
  finding,
  wayOut,
});

export const fail = (name: string, finding: string, wayOut: string): Check => ({
  name,
  state: 'fail',
  finding,
  wayOut,
});
