/** `proxyfs doctor`: what of this machine works, what does not, and the way out. Needs no daemon. */

import { ProxyfsError } from '../../src/base/error.js';
import { defineCommand, type Outcome } from '../command.js';
import type { Check } from '../doctor/check.js';
import type { Terminal } from '../terminal.js';

export const doctor = defineCommand<object>({
  usage: 'doctor',
  summary: 'Check this machine: kernel, mounting, FFmpeg, disk; say what does not work and the way out',
  examples: [
    ['$0 doctor', 'every check with its way out'],
    ['$0 doctor --json', 'for scripts; exit code 4 when the main job cannot work'],
  ],
  options: (yargs) => yargs,
  run: async (_args, terminal) => {
    const checks = await examine(terminal);
    const { formatChecks } = await import('../output/checks.js');
    const error = verdict(checks);
    const text = () =>
      `${formatChecks(checks, terminal.style)}\n${error === undefined ? 'The main job works here.' : ''}`.trimEnd();
    return { result: { checks }, text, ...(error === undefined ? {} : { error }) } satisfies Outcome;
  },
});

async function examine({ env }: Terminal): Promise<readonly Check[]> {
  const [system, resources, toolchain, resolve, mounting, locations] = await Promise.all([
    import('../doctor/system.js'),
    import('../doctor/resources.js'),
    import('../doctor/toolchain.js'),
    import('../doctor/resolve.js'),
    import('../doctor/mounting.js'),
    import('../../src/config/locations.js'),
  ]);
  const groups = await Promise.all([
    system.checkKernel(),
    system.checkDevice(),
    system.checkHelper(env),
    system.checkPrivileges(),
    mounting.checkMounting(),
    toolchain.checkFfmpeg(env),
    resolve.checkResolve(env),
    resources.checkDisk(locations.stateHome(env)),
    resources.checkWatches(),
  ]);
  return groups.flat();
}

function verdict(checks: readonly Check[]): ProxyfsError | undefined {
  const failed = checks.filter((check) => check.state === 'fail');
  if (failed.length === 0) return undefined;
  const names = failed.map((check) => check.name);
  return new ProxyfsError('driver/unavailable', `the main job cannot work here: see ${names.join(', ')}`, {
    details: { failed: names },
  });
}
