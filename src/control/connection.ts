/**
 * One client of the control socket: reads frames, runs calls, writes answers.
 * Calls run concurrently; answers come in the order in which the calls end.
 */

import type { Socket } from 'node:net';
import { ProxyfsError, toProxyfsError } from '../base/error.js';
import type { Logger } from '../log/logger.js';
import type { CallContext, Handlers } from './handlers.js';
import { LineReader } from './line-reader.js';
import { type CallId, type Incoming, incomingSchema, type Outgoing, RPC, toRpcError } from './message.js';
import { METHODS, type MethodName } from './schema.js';

export interface ConnectionLimits {
  /** The longest frame a client may send. */
  readonly frameBytes: number;
  /** Progress is left out while more than this waits to be read by the client. */
  readonly progressBacklogBytes: number;
  /** A client with more than this unread is cut off. */
  readonly backlogBytes: number;
  /** Calls of one client that may run at the same time. */
  readonly calls: number;
  /** How long a closing server waits for a client to read its last answers. */
  readonly drainMs: number;
}

type Call = Extract<Incoming, { id: CallId }>;

export class Connection {
  readonly #socket: Socket;
  readonly #handlers: Handlers;
  readonly #log: Logger;
  readonly #limits: ConnectionLimits;
  readonly #lines: LineReader;
  readonly #calls = new Map<CallId, AbortController>();
  #isEnding = false;

  constructor(socket: Socket, handlers: Handlers, log: Logger, limits: ConnectionLimits) {
    this.#socket = socket;
    this.#handlers = handlers;
    this.#log = log;
    this.#limits = limits;
    this.#lines = new LineReader(limits.frameBytes);
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error) => log.debug({ err: error }, 'control client failed'));
    socket.on('close', () => this.#abortAll('the client went away'));
  }

  /** Aborts what runs and closes once the client has read its answers, or after a while. */
  async end(): Promise<void> {
    this.#abortAll('the daemon is stopping');
    if (this.#socket.destroyed) return;
    const closed = new Promise<void>((resolve) => this.#socket.once('close', () => resolve()));
    const timer = setTimeout(() => this.#socket.destroy(), this.#limits.drainMs);
    this.#isEnding = true;
    this.#endWhenDone();
    await closed;
    clearTimeout(timer);
  }

  #receive(chunk: Buffer): void {
    if (this.#socket.writableEnded) return;
    try {
      for (const line of this.#lines.push(chunk)) this.#dispatch(parseFrame(line));
    } catch (error) {
      this.#refuse(toProxyfsError(error));
    }
  }

  /** A peer that does not speak the protocol gets one answer and no second chance. */
  #refuse(error: ProxyfsError): void {
    const code = error.cause instanceof SyntaxError ? RPC.parseError : RPC.invalidRequest;
    this.#send({ jsonrpc: '2.0', id: null, error: toRpcError(error, code) });
    this.#socket.end();
    // Half-closed sockets stay until the peer closes; one that goes on sending is cut off.
    setTimeout(() => this.#socket.destroy(), this.#limits.drainMs).unref();
  }

  #dispatch(message: Incoming): void {
    if (!('id' in message)) {
      this.#calls.get(message.params.id)?.abort(new ProxyfsError('job/cancelled', 'the client cancelled the call'));
    } else if (this.#calls.has(message.id) || this.#calls.size >= this.#limits.calls) {
      const error = new ProxyfsError('request/invalid', 'the call id is in use, or too many calls run at once');
      this.#send({ jsonrpc: '2.0', id: message.id, error: toRpcError(error, RPC.invalidRequest) });
    } else {
      void this.#run(message);
    }
  }

  async #run({ id, method, params, by }: Call): Promise<void> {
    const controller = new AbortController();
    this.#calls.set(id, controller);
    const progress: CallContext['progress'] = (value) => {
      if (this.#socket.writableLength > this.#limits.progressBacklogBytes) return;
      this.#send({ jsonrpc: '2.0', method: 'progress', params: { id, progress: value } });
    };
    try {
      const result = await this.#invoke(method, params ?? {}, { by, signal: controller.signal, progress });
      this.#send({ jsonrpc: '2.0', id, result });
    } catch (error) {
      this.#sendError(id, method, error);
    } finally {
      this.#calls.delete(id);
      this.#endWhenDone();
    }
  }

  async #invoke(name: string, rawParams: unknown, context: CallContext): Promise<unknown> {
    if (!isMethod(name)) throw new ProxyfsError('request/unknown-method', `the daemon has no method '${name}'`);
    const method = METHODS[name];
    const params = method.params.safeParse(rawParams);
    if (!params.success) {
      const first = params.error.issues[0];
      const where = first?.path.join('.') ?? '';
      throw new ProxyfsError(
        'request/invalid',
        `${name}: ${where && `${where}: `}${first?.message ?? 'wrong parameters'}`,
      );
    }
    const handler = this.#handlers[name] as (params: unknown, context: CallContext) => Promise<unknown>;
    return method.result.parse(await handler(params.data, context));
  }

  #sendError(id: CallId, method: string, thrown: unknown): void {
    const error = toProxyfsError(thrown);
    if (error.code === 'internal') this.#log.error({ err: thrown, method }, 'call failed');
    this.#send({ jsonrpc: '2.0', id, error: toRpcError(error, RPC_OF[error.code] ?? RPC.failed) });
  }

  #send(message: Outgoing): void {
    if (this.#socket.destroyed || this.#socket.writableEnded) return;
    this.#socket.write(`${JSON.stringify(message)}\n`);
    if (this.#socket.writableLength <= this.#limits.backlogBytes) return;
    this.#log.warn('a control client does not read its answers: cut off');
    this.#socket.destroy();
  }

  #endWhenDone(): void {
    if (this.#isEnding && this.#calls.size === 0) this.#socket.end();
  }

  #abortAll(why: string): void {
    for (const controller of this.#calls.values()) controller.abort(new ProxyfsError('job/cancelled', why));
  }
}

const RPC_OF: Readonly<Partial<Record<ProxyfsError['code'], number>>> = {
  'request/unknown-method': RPC.methodNotFound,
  'request/invalid': RPC.invalidParams,
  internal: RPC.internal,
};

function isMethod(name: string): name is MethodName {
  return Object.hasOwn(METHODS, name);
}

function parseFrame(line: string): Incoming {
  let raw: unknown;
  try {
    raw = JSON.parse(line);
  } catch (cause) {
    throw new ProxyfsError('request/invalid', 'the message is not JSON', { cause });
  }
  const message = incomingSchema.safeParse(raw);
  if (message.success) return message.data;
  throw new ProxyfsError('request/invalid', 'the message is not a JSON-RPC 2.0 call');
}
