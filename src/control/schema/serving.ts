/** What the paths serve, and who holds them. */

import { z } from 'zod';
import { count, handle, mode, modeState, path } from './shapes.js';

/** What one path serves, and why. */
export const served = z.object({
  path,
  kind: z.enum(['media', 'file', 'directory', 'other']),
  variant: z.enum(['proxy', 'master']),
  /** Reading it is refused, since there is no proxy and masters are not to be read (missing=deny). */
  denied: z.boolean(),
  /** One sentence. */
  reason: z.string(),
  /** What a flip to proxy mode would serve here. */
  state: z.enum(['ready', 'waiting', 'running', 'removed', 'failed', 'ineligible', 'unknown', 'not-media', 'offline']),
  profile: z.string().nullable(),
  size: z.number(),
  masterSize: z.number(),
  proxySize: z.number().nullable(),
  /** The pinned path that keeps its proxy from being removed. */
  pinnedBy: path.nullable(),
});

export const flipReport = z.object({
  state: modeState,
  /** Paths now served from another file than before. */
  changed: count,
  /** Paths whose mode is now `proxy` but which serve the master, with the reason (the first 1000). */
  stayedMaster: z.array(z.object({ path, reason: z.string() })),
  stayedMasterCount: count,
  /** Of those, the ones that cannot be read at all (missing=deny). */
  deniedCount: count,
  /** Paths read through the mount and compared with what they should be. */
  verified: count,
  nudged: count,
  hooks: z.array(z.object({ command: z.string(), exitCode: z.number().int(), output: z.string() })),
  handles: z.array(handle),
  epoch: count,
  /** Milliseconds: whole flip, table, kernel. */
  totalMs: z.number(),
  tableMs: z.number(),
  kernelMs: z.number(),
});

export const servingMethods = {
  'mode.get': {
    params: z.strictObject({ path: path.optional() }),
    result: z.object({ state: modeState, effective: mode.nullable() }),
  },
  /** Without paths the project default changes. `wait` blocks until no handle is outdated. */
  'mode.set': {
    params: z.strictObject({
      mode,
      paths: z.array(path).optional(),
      wait: z.boolean().optional(),
      /** The set to serve from now on. */
      profile: z.string().optional(),
    }),
    result: flipReport,
  },
  'mode.clear': {
    params: z.strictObject({ paths: z.array(path).min(1), wait: z.boolean().optional() }),
    result: flipReport,
  },
  /** Serves every proxy that is ready, also on paths that somebody holds open. */
  flush: { params: z.strictObject({ paths: z.array(path) }), result: flipReport },
  ls: {
    params: z.strictObject({ path }),
    result: z.object({ entries: z.array(served) }),
  },
  why: {
    params: z.strictObject({ path }),
    result: z.object({
      served,
      /** The whole chain, one sentence each: mode, eligibility, proxy, job. */
      because: z.array(z.string()),
      masterPath: z.string(),
      proxyPath: z.string().nullable(),
      /** The exact command that made or would make the proxy. */
      command: z.array(z.string()).nullable(),
      wayOut: z.string().nullable(),
    }),
  },
  handles: {
    params: z.strictObject({ all: z.boolean().optional() }),
    result: z.object({ handles: z.array(handle) }),
  },
  assert: {
    params: z.strictObject({ mode, paths: z.array(path).min(1) }),
    result: z.object({
      checked: count,
      wrong: z.array(z.object({ path, variant: mode, reason: z.string() })),
      wrongCount: count,
    }),
  },
} as const;
