/** The one message to whoever started the daemon, over Node's IPC channel; then the channel is closed. */

import process from 'node:process';
import type { StartMessage } from '../src/control/start-message.js';

/** Resolves when the message is out. Without a channel (started by hand) there is nobody to tell. */
export async function tellStarter(message: StartMessage): Promise<void> {
  if (process.send === undefined || !process.connected) return;
  await new Promise<void>((resolve) => {
    // A starter that has gone away is not an error: the daemon goes on without it.
    process.send?.(message, undefined, {}, () => resolve());
  });
  if (process.connected) process.disconnect();
}
