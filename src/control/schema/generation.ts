/** How proxies come to be: asked for, planned, queued, taken over. */

import { z } from 'zod';
import { clipResult, count, hold, jobClass, path, work } from './shapes.js';

const jobState = z.enum(['waiting', 'running', 'done', 'failed', 'cancelled']);

const scope = z.strictObject({ paths: z.array(path), jobClass: jobClass.optional() });

/** Clips that are wanted, in this order. */
const wanted = {
  /** Paths, and patterns that count from the root of the project. */
  paths: z.array(path),
  retryFailed: z.boolean().optional(),
  /** Other sets than the one that is served: several are made in one pass. */
  profiles: z.array(z.string()).min(1).optional(),
};

export const generationMethods = {
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
      /** Bytes on its disk beyond the reserve. */
      poolFree: z.number(),
      /** Bytes; null: none is set. */
      poolQuota: z.number().nullable(),
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
  failures: {
    params: z.strictObject({ path: path.optional() }),
    result: z.object({
      failures: z.array(
        z.object({
          path,
          profile: z.string(),
          /** Of the set that the mount serves there; the others lie in the pool for whoever chooses them. */
          isServed: z.boolean(),
          ...{ reason: z.string(), rejected: z.boolean(), wayOut: z.string() },
        }),
      ),
    }),
  },
} as const;
