/**
 * The guided tour behind scripts/quickstart: the main job on real media, through the
 * `proxyfs` command as a user types it, with every claim verified.
 *
 * Whatever happens (a failed step, Ctrl-C), mount, daemon and files are cleared away.
 */

import process from 'node:process';
import { processTerminal } from '../../ctl/terminal.js';
import { toProxyfsError } from '../../src/base/error.js';
import { createGuide } from './guide.js';
import { runTour } from './tour.js';
import { createWorkspace } from './workspace.js';

const USAGE = `Usage: scripts/quickstart [FOLDER]

Mounts FOLDER (default: a small demo project made with FFmpeg), makes its proxies,
flips proxy -> master -> proxy and verifies what the same paths contain each time.
FOLDER itself is only read; everything else goes to a temporary directory.
`;

async function main(words: readonly string[]): Promise<number> {
  if (words.some((word) => word === '--help' || word === '-h')) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (words.length > 1 || words[0]?.startsWith('-')) {
    process.stderr.write(USAGE);
    return 1;
  }
  const terminal = processTerminal();
  const guide = createGuide(terminal);
  const interrupted = new AbortController();
  terminal.onInterrupt(() => interrupted.abort(new Error('interrupted')));
  const workspace = await createWorkspace();
  let failure: unknown;
  try {
    await runTour({ folder: words[0], workspace, guide, signal: interrupted.signal });
  } catch (error) {
    failure = interrupted.signal.aborted ? interrupted.signal.reason : error;
  }
  const leftovers = await workspace.clear();
  return guide.conclude(failure === undefined ? undefined : toProxyfsError(failure), leftovers);
}

process.exitCode = await main(process.argv.slice(2));
