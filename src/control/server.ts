/**
 * The daemon's end of the control socket.
 *
 * Promises: only the owner can connect (directory 0700, socket 0600); whatever a
 * client sends, it gets an answer and the daemon goes on; a client that does not
 * read costs a bounded amount of memory; a client that goes away aborts its calls.
 */

import { chmod, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { dirname } from 'node:path';
import { makeDirectory } from '../base/make-directory.js';
import type { Logger } from '../log/logger.js';
import { Connection, type ConnectionLimits } from './connection.js';
import type { Handlers } from './handlers.js';

export interface ServerOptions {
  readonly socket: string;
  readonly handlers: Handlers;
  readonly log: Logger;
  readonly limits?: Partial<ConnectionLimits>;
}

export interface ControlServer {
  /** Stops listening, aborts running calls, lets sent answers drain, and removes the socket. */
  close(): Promise<void>;
}

const MAX_CONNECTIONS = 128;

const LIMITS: ConnectionLimits = {
  frameBytes: 1024 * 1024,
  progressBacklogBytes: 256 * 1024,
  backlogBytes: 64 * 1024 * 1024,
  calls: 64,
  drainMs: 1000,
};

/** The caller holds the project's lock, so a socket file that is already there is a dead daemon's. */
export async function listen(options: ServerOptions): Promise<ControlServer> {
  const limits = { ...LIMITS, ...options.limits };
  const connections = new Set<Connection>();
  const server = createServer((socket) => {
    const connection = new Connection(socket, options.handlers, options.log, limits);
    connections.add(connection);
    socket.once('close', () => connections.delete(connection));
  });
  server.maxConnections = MAX_CONNECTIONS;
  await bind(server, options.socket);
  server.on('error', (error) => options.log.error({ err: error }, 'control socket failed'));
  return {
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await Promise.all([...connections].map((connection) => connection.end()));
      await closed;
      await rm(options.socket, { force: true });
    },
  };
}

async function bind(server: Server, socket: string): Promise<void> {
  await makeDirectory(dirname(socket), 0o700);
  await chmod(dirname(socket), 0o700);
  await rm(socket, { force: true });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(socket, () => {
      server.off('error', reject);
      resolve();
    });
  });
  await chmod(socket, 0o600);
}
