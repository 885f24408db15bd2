/**
 * The JSON-RPC 2.0 envelope: one message per line, both directions.
 * Parameters and results have their own schemas in `schema.ts`.
 */

import { z } from 'zod';
import { isErrorCode, ProxyfsError } from '../base/error.js';
import { progressSchema, rpcErrorSchema } from './schema.js';

/** Error codes of JSON-RPC 2.0; `failed` is in the range it leaves to servers. */
export const RPC = {
  parseError: -32700,
  invalidRequest: -32600,
  methodNotFound: -32601,
  invalidParams: -32602,
  internal: -32603,
  failed: -32000,
} as const;

const callId = z.union([z.number().int(), z.string().max(64)]);
export type CallId = z.infer<typeof callId>;

const jsonrpc = z.literal('2.0');

/** Who calls, for the journal. Only the owner of the daemon can connect, so it is taken as said. */
const caller = z.object({ command: z.string().max(2000), user: z.string().max(200), pid: z.number().int() });
export type Caller = z.infer<typeof caller>;

/** What a client sends: a call, or a notification that cancels one. */
export const incomingSchema = z.union([
  z.strictObject({ jsonrpc, id: callId, method: z.string(), params: z.unknown().optional(), by: caller.optional() }),
  z.strictObject({ jsonrpc, method: z.literal('cancel'), params: z.strictObject({ id: callId }) }),
]);
export type Incoming = z.infer<typeof incomingSchema>;

/** What a server sends. A `null` id answers a frame whose own id could not be read. */
export const outgoingSchema = z.union([
  z.strictObject({ jsonrpc, id: callId, result: z.unknown() }),
  z.strictObject({ jsonrpc, id: callId.nullable(), error: rpcErrorSchema }),
  z.strictObject({
    jsonrpc,
    method: z.literal('progress'),
    params: z.strictObject({ id: callId, progress: progressSchema }),
  }),
]);
export type Outgoing = z.infer<typeof outgoingSchema>;
export type RpcError = z.infer<typeof rpcErrorSchema>;

export function toRpcError(error: ProxyfsError, code: number = RPC.failed): RpcError {
  return { code, message: error.message, data: { code: error.code, details: { ...error.details } } };
}

/** The daemon's error as it was thrown there; an error without our data is a broken peer. */
export function fromRpcError(error: RpcError): ProxyfsError {
  const code = error.data?.code;
  return new ProxyfsError(isErrorCode(code) ? code : 'internal', error.message, { details: error.data?.details ?? {} });
}
