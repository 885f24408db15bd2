/** Work that Ctrl-C ends in an orderly way: the call is cancelled and its own sentence is the error. */

import type { ProxyfsError } from '../src/base/error.js';
import type { Terminal } from './terminal.js';

export async function interruptible<T>(
  terminal: Terminal,
  work: (signal: AbortSignal) => Promise<T>,
  interrupted: () => ProxyfsError,
): Promise<T> {
  const controller = new AbortController();
  const stopListening = terminal.onInterrupt(() => controller.abort());
  try {
    return await work(controller.signal);
  } catch (error) {
    if (controller.signal.aborted) throw interrupted();
    throw error;
  } finally {
    stopListening();
  }
}
