/**
 * Metrics over HTTP, on the loopback interface only, for who asked for it with a port.
 *
 * Promises: it answers GET and HEAD of /metrics and nothing else, and no request makes the
 * daemon wait: connections are few, short, and time out.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { errnoOf, ProxyfsError } from '../base/error.js';
import type { Logger } from '../log/logger.js';
import { CONTENT_TYPE } from './exposition.js';

const HOST = '127.0.0.1';
const MOST_CONNECTIONS = 16;
const TIMEOUT_MS = 10_000;

export interface MetricsServer {
  /** The port that was got, when 0 was asked for. */
  readonly port: number;
  close(): Promise<void>;
}

/** Rejects with `config/invalid` when the port is taken. */
export async function serveMetrics(port: number, read: () => Promise<string>, log: Logger): Promise<MetricsServer> {
  const server = createServer((request, response) => {
    answer(request, response, read).catch((err: unknown) => {
      log.warn({ err }, 'metrics could not be answered');
      response.destroy();
    });
  });
  server.maxConnections = MOST_CONNECTIONS;
  server.requestTimeout = TIMEOUT_MS;
  server.headersTimeout = TIMEOUT_MS;
  await listen(server, port);
  server.on('error', (err) => log.warn({ err }, 'the listener of the metrics failed'));
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, read: () => Promise<string>): Promise<void> {
  const [path] = (request.url ?? '').split('?');
  if (path !== '/metrics') return refuse(response, 404, 'only /metrics is here\n');
  if (request.method !== 'GET' && request.method !== 'HEAD') return refuse(response, 405, 'only GET\n');
  const text = await read();
  response.writeHead(200, { 'content-type': CONTENT_TYPE, 'content-length': Buffer.byteLength(text) });
  response.end(request.method === 'HEAD' ? undefined : text);
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain' });
  response.end(text);
}

async function listen(server: Server, port: number): Promise<void> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, HOST, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (cause) {
    const message = `metrics cannot be served at ${HOST}:${port} (${errnoOf(cause) ?? String(cause)}): choose another metrics-port, or 0 for none`;
    throw new ProxyfsError('config/invalid', message, { cause });
  }
}
