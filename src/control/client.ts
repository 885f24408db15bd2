/**
 * The client's end of a control connection: calls, their progress, their errors.
 *
 * Any number of calls may run at the same time. Closing the connection ends every
 * call on both sides; a call's own `signal` cancels that call in the daemon. Calls may
 * take as long as they need; a daemon that does not even answer what it always can is
 * given up.
 */

import { connect as connectSocket, type Socket } from 'node:net';
import { errnoOf, ProxyfsError } from '../base/error.js';
import { describeCaller } from './caller.js';
import { LineReader } from './line-reader.js';
import { fromRpcError, type Incoming, type Outgoing, outgoingSchema } from './message.js';
import type { RuntimeRecord } from './runtime-record.js';
import { METHODS, type MethodName, type Params, type Progress, type Result } from './schema.js';

export interface CallOptions {
  readonly onProgress?: (progress: Progress) => void;
  readonly signal?: AbortSignal;
}

export interface Client {
  /**
   * Rejects with the daemon's own ProxyfsError, with `daemon/unreachable` (also when it is stopped or stuck),
   * or with `job/cancelled` after an abort.
   */
  call<M extends MethodName>(method: M, params: Params<M>, options?: CallOptions): Promise<Result<M>>;
  close(): void;
}

/** A listing of a large project is megabytes; more than this is a broken peer. */
const MAX_RESPONSE_BYTES = 256 * 1024 * 1024;
/** Silence after which a daemon is asked whether it lives, and within which it has to answer that. */
const PATIENCE_MS = 10_000;

/** Connects to a running daemon, given its record or the path of its socket. */
export async function connect(target: RuntimeRecord | string, patienceMs = PATIENCE_MS): Promise<Client> {
  const path = typeof target === 'string' ? target : target.socket;
  const socket = connectSocket(path);
  try {
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  } catch (error) {
    throw unreachable(path, error);
  }
  return new SocketClient(socket, path, patienceMs);
}

interface Pending {
  readonly method: MethodName;
  readonly onProgress: ((progress: Progress) => void) | undefined;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
}

class SocketClient implements Client {
  readonly #socket: Socket;
  readonly #path: string;
  readonly #lines = new LineReader(MAX_RESPONSE_BYTES);
  readonly #pending = new Map<number | string, Pending>();
  readonly #by = describeCaller();
  #nextId = 1;
  #broken: ProxyfsError | undefined;
  #silence: NodeJS.Timeout | undefined;

  constructor(
    socket: Socket,
    path: string,
    private readonly patienceMs: number,
  ) {
    this.#socket = socket;
    this.#path = path;
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error) => this.#fail(unreachable(path, error)));
    socket.on('close', () => this.#fail(unreachable(path, undefined)));
  }

  async call<M extends MethodName>(method: M, params: Params<M>, options: CallOptions = {}): Promise<Result<M>> {
    if (this.#broken) throw this.#broken;
    options.signal?.throwIfAborted();
    const id = this.#nextId++;
    const result = new Promise<unknown>((resolve, reject) => {
      this.#pending.set(id, { method, onProgress: options.onProgress, resolve, reject });
    });
    const cancel = () => this.#cancel(id);
    options.signal?.addEventListener('abort', cancel, { once: true });
    this.#send({ jsonrpc: '2.0', id, method, params, by: this.#by });
    this.#hearAgain();
    try {
      return METHODS[method].result.parse(await result) as Result<M>;
    } finally {
      options.signal?.removeEventListener('abort', cancel);
      this.#pending.delete(id);
      if (this.#pending.size === 0) clearTimeout(this.#silence);
    }
  }

  close(): void {
    clearTimeout(this.#silence);
    this.#socket.destroy();
  }

  /** Something was heard, or asked for. */
  #hearAgain(): void {
    clearTimeout(this.#silence);
    if (this.#pending.size > 0) this.#silence = setTimeout(() => this.#askForLife(), this.patienceMs);
  }

  /** A long call may have nothing to tell, or wait for a disk; the daemon itself waits for nothing. */
  #askForLife(): void {
    this.#send({ jsonrpc: '2.0', id: this.#nextId++, method: 'daemon.info', params: {}, by: this.#by });
    this.#silence = setTimeout(() => this.#giveUp(), this.patienceMs);
  }

  #giveUp(): void {
    // This process may have stood still itself (Ctrl-Z): what came meanwhile is read first.
    this.#silence = undefined;
    setImmediate(() => {
      if (this.#silence !== undefined || this.#pending.size === 0) return;
      this.#fail(stuck(this.#path, 2 * this.patienceMs));
      this.#socket.destroy();
    });
  }

  #send(message: Incoming): void {
    this.#socket.write(`${JSON.stringify(message)}\n`);
  }

  #cancel(id: number): void {
    const pending = this.#pending.get(id);
    if (!pending) return;
    this.#send({ jsonrpc: '2.0', method: 'cancel', params: { id } });
    pending.reject(new ProxyfsError('job/cancelled', `${pending.method} was cancelled`));
  }

  #receive(chunk: Buffer): void {
    this.#hearAgain();
    try {
      for (const line of this.#lines.push(chunk)) this.#dispatch(outgoingSchema.parse(JSON.parse(line)));
    } catch (error) {
      this.#fail(
        new ProxyfsError('daemon/unreachable', `what answers at ${this.#path} is not proxyfsd of this version`, {
          cause: error,
        }),
      );
      this.#socket.destroy();
    }
  }

  #dispatch(message: Outgoing): void {
    if ('method' in message) {
      this.#pending.get(message.params.id)?.onProgress?.(message.params.progress);
    } else if ('error' in message) {
      const error = fromRpcError(message.error);
      if (message.id === null) this.#fail(error);
      else this.#pending.get(message.id)?.reject(error);
    } else {
      this.#pending.get(message.id)?.resolve(message.result);
    }
  }

  #fail(error: ProxyfsError): void {
    this.#broken ??= error;
    clearTimeout(this.#silence);
    for (const pending of this.#pending.values()) pending.reject(this.#broken);
    this.#pending.clear();
  }
}

function stuck(path: string, milliseconds: number): ProxyfsError {
  const silence = `the daemon at ${path} has not answered for ${milliseconds / 1000} seconds`;
  const wayOut = `it is stopped or stuck, see its log; 'proxyfs unmount --force' ends it`;
  return new ProxyfsError('daemon/unreachable', `${silence}: ${wayOut}`);
}

function unreachable(path: string, cause: unknown): ProxyfsError {
  const errno = errnoOf(cause);
  if (errno === 'EACCES' || errno === 'EPERM') {
    const message = `the daemon's socket ${path} belongs to another user: run the command as the user who mounted`;
    return new ProxyfsError('system/permission', message, { cause });
  }
  const reason = cause === undefined ? 'it closed the connection' : `${errno ?? String(cause)}`;
  const wayOut = `a daemon that died is started again within seconds, so try again; else see its log and use 'proxyfs mount'`;
  const message = `no daemon answers at ${path} (${reason}): ${wayOut}`;
  return new ProxyfsError('daemon/unreachable', message, { cause });
}
