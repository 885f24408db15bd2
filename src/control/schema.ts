/**
 * The contract between the daemon and its clients: JSON-RPC 2.0, one message per
 * line, over a unix socket that only its owner can use.
 *
 * Each method has a schema for its parameters and one for its result; both sides
 * check. A call may be followed by `progress` notifications that carry its id.
 * Paths in parameters and results are project-relative ('' is the root).
 */

import { z } from 'zod';
import { LOOK_OUTPUTS } from '../looks/look.js';

const mode = z.enum(['proxy', 'master']);
const path = z.string();
const count = z.number().int().nonnegative();
const noParams = z.strictObject({});

const handle = z.object({
  path,
  variant: z.enum(['proxy', 'master']),
  outdated: z.boolean(),
  writable: z.boolean(),
  pid: z.number().int(),
  process: z.string(),
  since: z.number(),
});

/** What one path serves, and why. */
const served = z.object({
  path,
  kind: z.enum(['media', 'file', 'directory', 'other']),
  variant: z.enum(['proxy', 'master']),
  /** Reading it is refused, since there is no proxy and masters are not to be read (missing=deny). */
  denied: z.boolean(),
  /** One sentence. */
  reason: z.string(),
  /** What a flip to proxy mode would serve here. */
  state: z.enum(['ready', 'waiting', 'running', 'failed', 'ineligible', 'unknown', 'not-media', 'offline']),
  profile: z.string().nullable(),
  size: z.number(),
  masterSize: z.number(),
  proxySize: z.number().nullable(),
  /** The pinned path that keeps its proxy from being removed. */
  pinnedBy: path.nullable(),
});

const modeState = z.object({
  base: mode,
  pinned: mode.nullable(),
  overrides: z.array(z.object({ path, mode })),
  /** Which profile's proxies are served, where somebody has said so; '' is the project. */
  profiles: z.array(z.object({ path, profile: z.string() })),
});

const jobClass = z.enum(['interactive', 'prewarm', 'footage', 'backlog']);
const jobState = z.enum(['waiting', 'running', 'done', 'failed', 'cancelled']);

/** What is paused: a path and what lies below it ('' is the project), in one class or in all. */
const hold = z.object({ path, jobClass: jobClass.nullable(), since: z.number(), until: z.number().nullable() });

/** How much is done at this moment. */
const work = z.object({
  /** Encoders that may work at once now, and how many at most. */
  encoders: count,
  workers: count,
  /** Why it is fewer, or none; pauses aside. */
  reason: z.string().nullable(),
  holds: z.array(hold),
});

const scope = z.strictObject({ paths: z.array(path), jobClass: jobClass.optional() });

const stayedMaster = z.object({ path, reason: z.string() });

const flipReport = z.object({
  state: modeState,
  /** Paths now served from another file than before. */
  changed: count,
  /** Paths whose mode is now `proxy` but which serve the master, with the reason (the first 1000). */
  stayedMaster: z.array(stayedMaster),
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

const look = z.object({
  name: z.string(),
  kind: z.enum(['1d', '3d']),
  size: count,
  title: z.string().nullable(),
  /** What the colours of its result mean. */
  output: z.enum(LOOK_OUTPUTS),
  hash: z.string(),
});

const clipResult = z.object({
  path,
  /** Of what was queued. */
  profile: z.string().optional(),
  outcome: z.enum(['made', 'already-there', 'ineligible', 'failed', 'cancelled', 'queued']),
  reason: z.string().nullable(),
  masterSize: z.number(),
  proxySize: z.number().nullable(),
  seconds: z.number().nullable(),
});

/** Clips that are wanted, in this order. */
const wanted = {
  /** Paths, and patterns that count from the root of the project. */
  paths: z.array(path),
  retryFailed: z.boolean().optional(),
  /** Other sets than the one that is served: several are made in one pass. */
  profiles: z.array(z.string()).min(1).optional(),
};

/** One entry of the journal; `facts` depend on the kind. */
const journalEvent = z.object({
  id: count,
  /** Milliseconds since 1970. */
  at: z.number(),
  kind: z.string(),
  path: path.nullable(),
  who: z
    .object({
      command: z.string().optional(),
      user: z.string().optional(),
      pid: z.number().int().optional(),
      process: z.string().optional(),
    })
    .nullable(),
  facts: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});

export const METHODS = {
  'daemon.info': {
    params: noParams,
    result: z.object({
      pid: z.number().int(),
      version: z.string(),
      project: z.string(),
      source: z.string(),
      mountPoint: z.string(),
      stateDir: z.string(),
      poolDir: z.string(),
      profile: z.string(),
      driver: z.enum(['native', 'portable']),
      protocol: z.string(),
      passthrough: z.boolean(),
      limits: z.array(z.string()),
      startedAt: z.number(),
    }),
  },
  /** What the daemon runs with; `where` is a flag, a variable, or file and line. */
  'config.get': {
    params: noParams,
    result: z.object({
      settings: z.array(
        z.object({
          key: z.string(),
          value: z.union([z.string(), z.number(), z.boolean(), z.array(z.string()).readonly(), z.null()]),
          text: z.string(),
          origin: z.enum(['flag', 'environment', 'user-section', 'project-file', 'user-file', 'default']),
          where: z.string(),
        }),
      ),
    }),
  },
  status: {
    params: noParams,
    result: z.object({
      mode: modeState,
      scan: z.object({
        running: z.boolean(),
        found: count,
        probed: count,
        finishedAt: z.number().nullable(),
        /** Why there is no scan. */
        problem: z.string().nullable(),
      }),
      /** How changes of the source are noticed, and what of it is away. */
      follow: z.object({
        /** Folders in which every change is told at once. */
        folders: count,
        /** Why some changes are found by rescans only. */
        note: z.string().nullable(),
        rescanSeconds: z.number(),
        /** Places that cannot be reached; `names`: what is kept of them. */
        offline: z.array(z.object({ path, reason: z.string(), names: count, since: z.number() })),
      }),
      assets: z.object({
        total: count,
        eligible: count,
        ineligible: count,
        ready: count,
        missing: count,
        failed: count,
      }),
      serving: z.object({ proxy: count, master: count }),
      space: z.object({
        masters: z.number(),
        /** Of the clips that have a proxy. */
        mastersWithProxy: z.number(),
        proxies: z.number(),
        poolFree: z.number(),
      }),
      jobs: z.object({ waiting: count, running: count, failed: count, done: count }),
      /** A guess at when all that is queued is done; null while nothing is known, or nothing is worked on. */
      etaSeconds: z.number().nullable(),
      work,
      cache: z.object({
        /** Bytes the pool has, and may have; null: as many as the disk has. */
        used: z.number(),
        quota: z.number().nullable(),
        /** Proxies removed so far, for the quota or since nobody used them. */
        evicted: count,
        evictedBytes: z.number(),
        pins: z.array(path),
        /** Why nothing more can be removed although it should be. */
        note: z.string().nullable(),
        /** When the last check of all proxies in the background ended. */
        scrubFinishedAt: z.number().nullable(),
      }),
      running: z.array(
        z.object({
          path,
          frame: count,
          frames: count.nullable(),
          /** Frames per second of encoding. */
          fps: z.number(),
          /** Times real time. */
          speed: z.number(),
          etaSeconds: z.number().nullable(),
        }),
      ),
      ineligibleBy: z.array(z.object({ code: z.string(), reason: z.string(), count })),
      failedBy: z.array(z.object({ reason: z.string(), count })),
      counters: z.record(z.string(), z.number()),
    }),
  },
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
  /** Scans the paths, queues what is missing and (with `wait`) follows it to the end. */
  prewarm: {
    params: z.strictObject({
      ...wanted,
      wait: z.boolean(),
      /** Afterwards the proxies are read into memory, as far as they fit. */
      read: z.boolean().optional(),
    }),
    result: z.object({
      /** Of those that are only queued, and of those that were there already, the first 1000. */
      clips: z.array(clipResult),
      made: count,
      failed: count,
      ineligible: count,
      alreadyThere: count,
      queued: count,
      /** With `read`; `left` did not fit into the memory that is available. */
      read: z.object({ files: count, bytes: z.number(), left: count }).optional(),
    }),
  },
  /** What `prewarm` would make; nothing is queued. */
  'prewarm.preview': {
    params: z.strictObject(wanted),
    result: z.object({
      clips: z.array(
        z.object({
          path,
          profile: z.string(),
          outcome: z.enum(['make', 'waiting', 'running', 'ready', 'failed', 'ineligible', 'not-ready']),
          reason: z.string().nullable(),
          masterSize: z.number(),
          /** Of the proxy: an estimate unless it is ready. */
          bytes: z.number().nullable(),
          /** An estimate for one encoder. */
          seconds: z.number().nullable(),
          /** By what was made here before, not by what the codec usually needs. */
          measured: z.boolean(),
        }),
      ),
      /** Of what has no proxy yet. */
      bytes: z.number(),
      seconds: z.number().nullable(),
      measured: z.boolean(),
      encoders: count,
      poolFree: z.number(),
    }),
  },
  /** Takes over proxies that lie beside the clips below the paths, after validation. */
  adopt: {
    params: z.strictObject({ paths: z.array(path).min(1) }),
    result: z.object({
      clips: z.array(
        z.object({
          path,
          outcome: z.enum(['adopted', 'already-there', 'none', 'refused', 'ineligible']),
          /** The file that was found, in the project. */
          from: path.nullable(),
          reason: z.string().nullable(),
        }),
      ),
      adopted: count,
      refused: count,
    }),
  },
  /** Without a state: what runs, then what waits, in its order. */
  'queue.list': {
    params: z.strictObject({ path: path.optional(), state: jobState.optional(), limit: count.optional() }),
    result: z.object({
      jobs: z.array(
        z.object({
          path,
          profile: z.string(),
          jobClass,
          state: jobState,
          /** It runs, and stands still for now. */
          suspended: z.boolean(),
          /** Its turn among all that wait, from 1. */
          position: count.nullable(),
          attempts: count,
          reason: z.string().nullable(),
          createdAt: z.number(),
          etaSeconds: z.number().nullable(),
          hold: hold.nullable(),
        }),
      ),
      more: z.boolean(),
      counts: z.object({ waiting: count, running: count, failed: count, done: count, cancelled: count }),
      work,
    }),
  },
  /** No paths: the project. What runs in part of it goes back into the queue; all of it stands still. */
  'queue.pause': {
    params: scope.extend({ seconds: z.number().positive().optional() }),
    result: z.object({ holds: z.array(hold), work }),
  },
  /** Ends the pauses at and below the paths, of one class or of all. */
  'queue.resume': { params: scope, result: z.object({ ended: z.array(hold), work }) },
  'queue.cancel': {
    params: z.strictObject({ paths: z.array(path).min(1) }),
    /** How many jobs ended, and how many of them were running. */
    result: z.object({ cancelled: count, running: count }),
  },
  /** Takes over finished files as proxies of clips, after validation. `file` is absolute, and only read. */
  'adopt.files': {
    params: z.strictObject({ files: z.array(z.strictObject({ path, file: z.string() })).min(1) }),
    result: z.object({
      /** One for each file, in their order. */
      clips: z.array(
        z.object({
          path,
          outcome: z.enum(['adopted', 'already-there', 'refused', 'ineligible']),
          reason: z.string().nullable(),
        }),
      ),
      adopted: count,
      refused: count,
    }),
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
  /** Poster and sheet of the clips below the paths, where their proxies were made with them. */
  pictures: {
    params: z.strictObject({ paths: z.array(path).min(1) }),
    result: z.object({
      clips: z.array(
        z.object({
          path,
          profile: z.string(),
          /** Null: the proxy was made without them, or taken over. */
          pictures: z
            .object({
              poster: z.object({ file: z.string(), width: count, height: count }),
              sprite: z.object({
                ...{ file: z.string(), index: z.string(), width: count, height: count },
                ...{ tileWidth: count, tileHeight: count, columns: count, rows: count, count },
                everyFrames: count,
              }),
            })
            .nullable(),
        }),
      ),
      found: count,
    }),
  },
  /** The recipe of a clip, before anything is made. Rejects with `profile/wrong-engine`. */
  plan: {
    params: z.strictObject({ path, profile: z.string().optional() }),
    result: z.object({
      path,
      profile: z.string(),
      profileVersion: z.number().int(),
      size: z.string(),
      engine: z.enum(['ffmpeg', 'resolve']),
      /** Why this engine. */
      because: z.string(),
      /** Why there is no proxy in this profile. */
      refused: z.object({ code: z.string(), reason: z.string() }).nullable(),
      /** Empty for the resolve engine, and when refused. */
      command: z.array(z.string()),
      arguments: z.array(z.object({ words: z.array(z.string()), why: z.string() })),
      output: z
        .object({
          extension: z.string(),
          width: count,
          height: count,
          videoCodec: z.string(),
          pixelFormat: z.string(),
          timecode: z.string().nullable(),
          streams: count,
        })
        .nullable(),
      /** How a long clip is divided; null where it is encoded in one piece. */
      segments: z.object({ count, frames: count }).nullable(),
      /** Long enough for segments, whether or not it can have them. */
      isLong: z.boolean(),
      recipeHash: z.string().nullable(),
      poolKey: z.string().nullable(),
    }),
  },
  /** Checks published proxies: present, size, hash; `deep`: decoded and compared with their masters. */
  verify: {
    params: z.strictObject({ paths: z.array(path), deep: z.boolean(), repair: z.boolean() }),
    result: z.object({
      checked: count,
      sound: count,
      bytes: z.number(),
      damaged: z.array(
        z.object({
          path,
          profile: z.string(),
          problem: z.string(),
          /** Withdrawn and in the queue; withdrawn only; left as it is. */
          outcome: z.enum(['queued', 'withdrawn', 'left']),
          /** Why it is not queued, or not even gone. */
          reason: z.string().nullable(),
        }),
      ),
      unchecked: z.array(z.object({ path, profile: z.string(), reason: z.string() })),
    }),
  },
  /** What lies at or below the paths is never removed from the pool; without paths only the list is returned. */
  pin: {
    params: z.strictObject({ paths: z.array(path) }),
    result: z.object({ pins: z.array(path), queued: count }),
  },
  unpin: {
    params: z.strictObject({ paths: z.array(path).min(1) }),
    result: z.object({ pins: z.array(path), removed: z.array(path) }),
  },
  'looks.list': { params: noParams, result: z.object({ looks: z.array(look) }) },
  /** Takes a copy of a .cube file. Rejects with `look/invalid`. */
  'looks.add': {
    params: z.strictObject({
      /** Absolute. */
      file: z.string(),
      name: z.string().optional(),
      output: z.enum(LOOK_OUTPUTS),
    }),
    result: z.object({ look }),
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
  /** The journal: after an id, or the last ones. With `waitSeconds` an empty answer waits for the next event. */
  events: {
    params: z.strictObject({
      after: count.optional(),
      from: z.number().optional(),
      kinds: z.array(z.string()).optional(),
      path: path.optional(),
      last: count.optional(),
      waitSeconds: z.number().min(0).max(60).optional(),
    }),
    /** `last` is what to ask after the next time. */
    result: z.object({ events: z.array(journalEvent), last: count }),
  },
  /** What happened to one file, under whatever name, and what its proxies are made of. */
  history: {
    params: z.strictObject({ path, limit: count.optional() }),
    result: z.object({
      path,
      known: z.boolean(),
      events: z.array(journalEvent),
      proxies: z.array(
        z.object({
          profile: z.string(),
          file: z.string(),
          /** Of the set that this path serves. */
          isServed: z.boolean(),
          size: z.number(),
          ffmpeg: z.string(),
          madeBy: z.string(),
          startedAt: z.string(),
          finishedAt: z.string(),
          command: z.array(z.string()),
          /** The path of the master when it was made. */
          master: path,
          valid: z.boolean(),
        }),
      ),
    }),
  },
  failures: {
    params: z.strictObject({ path: path.optional() }),
    result: z.object({
      failures: z.array(
        z.object({ path, profile: z.string(), reason: z.string(), rejected: z.boolean(), wayOut: z.string() }),
      ),
    }),
  },
  /** Prometheus' text format. */
  metrics: { params: noParams, result: z.object({ text: z.string() }) },
  unmount: {
    params: z.strictObject({ force: z.boolean() }),
    result: z.object({ handles: z.array(handle) }),
  },
} as const;

export type MethodName = keyof typeof METHODS;
export type Params<M extends MethodName> = z.infer<(typeof METHODS)[M]['params']>;
export type Result<M extends MethodName> = z.infer<(typeof METHODS)[M]['result']>;
export type FlipReport = z.infer<typeof flipReport>;
export type ServedPath = z.infer<typeof served>;
export type ClipResult = z.infer<typeof clipResult>;
export type EventInfo = z.infer<typeof journalEvent>;
export type HandleInfo = z.infer<typeof handle>;

/** `{"jsonrpc":"2.0","method":"progress","params":{"id":<id of the call>,"progress":Progress}}` */
export const progressSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('scan'), found: count, probed: count, total: count.nullable() }),
  z.object({
    kind: z.literal('generate'),
    clipsDone: count,
    clipsTotal: count,
    framesDone: count,
    framesTotal: count,
    fps: z.number(),
    speed: z.number(),
    etaSeconds: z.number().nullable(),
    /** Paths being encoded now. */
    current: z.array(path),
  }),
  z.object({ kind: z.literal('clip'), clip: clipResult }),
  /** Proxies are read into memory. */
  z.object({
    kind: z.literal('read'),
    filesDone: count,
    filesTotal: count,
    bytesDone: z.number(),
    bytesTotal: z.number(),
    current: path,
  }),
  z.object({
    kind: z.literal('verify'),
    done: count,
    total: count,
    bytesDone: z.number(),
    bytesTotal: z.number(),
    damaged: count,
    current: path,
  }),
  z.object({ kind: z.literal('waiting-for-handles'), handles: z.array(handle) }),
]);
export type Progress = z.infer<typeof progressSchema>;

/** JSON-RPC error object; `data.code` is a ProxyfsError code. */
export const rpcErrorSchema = z.object({
  code: z.number().int(),
  message: z.string(),
  data: z.object({ code: z.string(), details: z.record(z.string(), z.unknown()) }).optional(),
});
