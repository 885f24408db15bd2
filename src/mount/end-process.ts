/**
 * The end of a process that may have asked a source which does not answer.
 *
 * Node joins the threads of its file operations when it exits, and one that waits for such a source keeps the process,
 * its locks and whoever waits for its end. The addon ends it in spite of them. Without the addon, or with one that was
 * built before it could do that, the process ends when the source answers.
 */

import process from 'node:process';
import { addonIfBuilt } from './native-loader.js';

/** What runs at an exit takes milliseconds. */
const EXIT_PATIENCE_MS = 1_000;

export function endProcess(code: number): never {
  addonIfBuilt()?.exitWithin?.(EXIT_PATIENCE_MS, code);
  process.exit(code);
}
