/** Whether a process is there, whoever it belongs to. */

import { readdirSync, readFileSync } from 'node:fs';
import { errnoOf } from './error.js';

export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it is there and another user's.
    return errnoOf(error) === 'EPERM';
  }
}

/**
 * `dying`: it has ended, but the kernel still waits in the name of some of its threads, and keeps its files open.
 * One that its parent has only not asked for yet is `gone`.
 */
export function presenceOf(pid: number): 'alive' | 'dying' | 'gone' {
  if (!isProcessAlive(pid)) return 'gone';
  try {
    if (!/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))) return 'alive';
    return readdirSync(`/proc/${pid}/task`).length > 1 ? 'dying' : 'gone';
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ESRCH') return 'gone';
    throw error;
  }
}
