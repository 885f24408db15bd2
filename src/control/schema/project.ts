/** What runs, with which settings, how far it is, and its end. */

import { z } from 'zod';
import { count, handle, modeState, noParams, path, work } from './shapes.js';

export const projectMethods = {
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
      /** Each clip is ineligible, ready, missing, failed, or not examined yet, which the rest are. */
      assets: z.object({
        total: count,
        eligible: count,
        ineligible: count,
        ready: count,
        missing: count,
        /** In the set that they serve; `failedBy` has the others too. */
        failed: count,
      }),
      serving: z.object({ proxy: count, master: count }),
      space: z.object({
        masters: z.number(),
        /** Of the clips that have a proxy. */
        mastersWithProxy: z.number(),
        proxies: z.number(),
        poolFree: z.number(),
        /** Where the catalog lies. */
        stateFree: z.number(),
      }),
      jobs: z.object({ waiting: count, running: count, failed: count, done: count }),
      /** A guess at when all that is queued is done; null while nothing is known, nothing is worked on, or a part has to wait. */
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
          /** It is paused, or gives way. */
          suspended: z.boolean(),
        }),
      ),
      ineligibleBy: z.array(z.object({ code: z.string(), reason: z.string(), count })),
      /** Clips by the reason; `otherSets`: where it is not, or not only, the served proxy that failed. */
      failedBy: z.array(z.object({ reason: z.string(), count, otherSets: z.array(z.string()) })),
      counters: z.record(z.string(), z.number()),
    }),
  },
  /** Prometheus' text format. */
  metrics: { params: noParams, result: z.object({ text: z.string() }) },
  unmount: {
    params: z.strictObject({ force: z.boolean() }),
    result: z.object({ handles: z.array(handle) }),
  },
} as const;
