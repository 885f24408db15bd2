/** Exit codes of every proxyfs program, as documented in the README. */

import { type ErrorKind, errorKind, type ProxyfsError } from './error.js';

export const EXIT = { success: 0, invalidRequest: 1, executionFailed: 2, partlyDone: 3, systemError: 4 } as const;

const EXIT_OF_KIND: Readonly<Record<ErrorKind, number>> = {
  request: EXIT.invalidRequest,
  execution: EXIT.executionFailed,
  partial: EXIT.partlyDone,
  system: EXIT.systemError,
};

export function exitCodeOf(error: ProxyfsError): number {
  return EXIT_OF_KIND[errorKind(error.code)];
}
