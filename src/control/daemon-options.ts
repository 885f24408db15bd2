/**
 * What a daemon is started with, and its form as command-line arguments.
 * Whoever starts one (`launch.ts`) and the daemon itself use this one schema.
 */

import { z } from 'zod';

export const daemonOptionsSchema = z.strictObject({
  /** Absolute paths. */
  source: z.string(),
  mountPoint: z.string(),
  mode: z.enum(['proxy', 'master']).optional(),
  /** Nothing can flip this mount: needs `mode`. */
  pin: z.boolean().default(false),
  profile: z.string().optional(),
  /** The editor that the proxies are for: chooses the profile; `auto` learns it from whoever opens a clip. */
  nle: z.enum(['premiere', 'resolve', 'avid', 'fcp', 'kdenlive', 'auto']).optional(),
  /** The hardware encoder of H.264 proxies. */
  hardware: z.enum(['auto', 'nvenc', 'vaapi', 'qsv', 'none']).optional(),
  stateDir: z.string().optional(),
  poolDir: z.string().optional(),
  driver: z.enum(['auto', 'native', 'portable']).default('auto'),
  passthrough: z.boolean().default(true),
  /** Mounts through fusermount3 even as root. */
  directMount: z.boolean().default(true),
  allowOther: z.boolean().default(false),
  /** What a write-open of a path served as a proxy gets. */
  writes: z.enum(['deny', 'demote']).optional(),
  /** What a path without a usable proxy serves in proxy mode. */
  missing: z.enum(['master', 'deny']).optional(),
  mtime: z.enum(['distinct', 'preserve']).optional(),
  /** When a proxy that became ready is served. */
  ready: z.enum(['auto', 'idle', 'flush']).optional(),
  workers: z.number().int().min(0).max(64).optional(),
  logLevel: z.enum(['debug', 'info', 'warn', 'error']).optional(),
});

export type DaemonOptions = z.infer<typeof daemonOptionsSchema>;
export type DaemonOptionsInput = z.input<typeof daemonOptionsSchema>;

/** The arguments that make `proxyfsd` parse to these options. */
export function daemonArguments(options: DaemonOptions): readonly string[] {
  return Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined) return [];
    const flag = FLAGS[name as keyof DaemonOptions];
    if (typeof value === 'boolean') return [value ? `--${flag}` : `--no-${flag}`];
    return [`--${flag}`, String(value)];
  });
}

/** Every option and its flag; a new option without one does not compile. */
export const FLAGS: Readonly<Record<keyof DaemonOptions, string>> = {
  source: 'source',
  mountPoint: 'mount-point',
  mode: 'mode',
  pin: 'pin',
  profile: 'profile',
  nle: 'nle',
  hardware: 'hardware',
  stateDir: 'state',
  poolDir: 'pool',
  driver: 'driver',
  passthrough: 'passthrough',
  directMount: 'direct-mount',
  allowOther: 'allow-other',
  writes: 'writes',
  missing: 'missing',
  mtime: 'mtime',
  ready: 'ready',
  workers: 'workers',
  logLevel: 'log-level',
};
