/** Whether DaVinci Resolve can be driven on this machine: for those who ask before there is a job. */

import { toProxyfsError } from '../base/error.js';
import { locateResolve } from '../generate/resolve-engine.js';

/** One sentence: where it is, or what is missing and the way out. */
export async function describeResolve(
  env: Readonly<Record<string, string | undefined>>,
): Promise<{ readonly isThere: boolean; readonly sentence: string }> {
  try {
    const { library } = await locateResolve(env);
    return { isThere: true, sentence: `its scripting interface is at ${library}; it has to run while a job uses it` };
  } catch (error) {
    return { isThere: false, sentence: toProxyfsError(error).message };
  }
}
