/** DaVinci Resolve, which makes the proxies of camera RAW in jobs. Most machines need none. */

import { describeResolve } from '../../src/jobspec/resolve-here.js';
import { type Check, ok } from './check.js';

/** Never a failure: only profiles of the resolve engine ask for it. */
export async function checkResolve(env: Readonly<Record<string, string | undefined>>): Promise<Check> {
  const { isThere, sentence } = await describeResolve(env);
  return ok('DaVinci Resolve', isThere ? sentence : `only for jobs with camera RAW: ${sentence}`);
}
