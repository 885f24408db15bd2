/** Whether a process is there, whoever it belongs to. */

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
