/** Who this process is, as the daemon's journal shall know it. */

import { userInfo } from 'node:os';
import { basename } from 'node:path';
import process from 'node:process';
import type { Caller } from './message.js';

const LONGEST_COMMAND = 500;

export function describeCaller(): Caller {
  const [, program = 'node', ...args] = process.argv;
  const name = basename(program).replace(/^main\.js$/, 'proxyfs');
  return { command: [name, ...args].join(' ').slice(0, LONGEST_COMMAND), user: userName(), pid: process.pid };
}

/** The person behind sudo; a uid without a name is one all the same. */
function userName(): string {
  const behind = process.env['SUDO_USER'];
  if (behind) return behind;
  try {
    return userInfo().username;
  } catch {
    return String(process.getuid?.() ?? 'unknown');
  }
}
