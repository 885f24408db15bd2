/** What answers the calls of a control socket: one function per method. */

import type { Caller } from './message.js';
import type { MethodName, Params, Progress, Result } from './schema.js';

export interface CallContext {
  /** Undefined: the client did not say. */
  readonly by?: Caller | undefined;
  /** Aborted when the client cancels the call or goes away, and when the server closes. */
  readonly signal: AbortSignal;
  /** May be left out for a client that reads slowly. */
  progress(progress: Progress): void;
}

export type Handlers = {
  readonly [M in MethodName]: (params: Params<M>, context: CallContext) => Promise<Result<M>>;
};
