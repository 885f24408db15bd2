/**
 * Commands that the user wants run after a flip, one after the other: a reload of a
 * Samba share, a message to a render manager. Their result is reported; it does not
 * undo the flip.
 */

import { spawn } from 'node:child_process';
import type { Mode } from '../view/mode.js';

export interface HookResult {
  readonly command: string;
  /** 127 when it could not be started, 124 when it took too long. */
  readonly exitCode: number;
  /** The end of what it printed. */
  readonly output: string;
}

export interface HookFacts {
  readonly source: string;
  readonly mountPoint: string;
  /** The project's mode after the flip. */
  readonly mode: Mode;
  readonly changed: number;
}

const TIMEOUT_MS = 30_000;
const OUTPUT_TAIL = 2000;

export async function runHooks(commands: readonly string[], facts: HookFacts): Promise<HookResult[]> {
  const results: HookResult[] = [];
  for (const command of commands) results.push(await runHook(command, facts));
  return results;
}

/** Runs in the root directory: a child with its working directory in the mount would keep it busy. */
function runHook(command: string, facts: HookFacts): Promise<HookResult> {
  const child = spawn('/bin/sh', ['-c', command], {
    cwd: '/',
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      PROXYFS_SOURCE: facts.source,
      PROXYFS_MOUNT: facts.mountPoint,
      PROXYFS_MODE: facts.mode,
      PROXYFS_CHANGED: String(facts.changed),
    },
  });
  let output = '';
  const collect = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-OUTPUT_TAIL);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  return new Promise((resolve) => {
    let late = false;
    const finish = (exitCode: number) => {
      clearTimeout(timer);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ command, exitCode, output: output.trim() });
    };
    const timer = setTimeout(() => {
      late = true;
      // The whole group: what the shell started would otherwise go on.
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    }, TIMEOUT_MS);
    child.once('error', (error) => {
      output = error.message;
      finish(127);
    });
    // `exit`, not `close`: a program left in the background may keep the pipe open for ever.
    child.once('exit', (code) => setImmediate(() => finish(late ? 124 : (code ?? 1))));
  });
}
