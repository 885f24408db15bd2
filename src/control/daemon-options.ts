/**
 * What a daemon is started with, and its form as command-line arguments: which project, how
 * it is mounted, and any of the settings. Whoever starts one (`launch.ts`) and the daemon
 * itself use this one schema.
 */

import { z } from 'zod';
import { flagArguments } from '../config/setting-flags.js';
import { SETTING_NAMES, type SettingName, type Settings, settingOf } from '../config/settings.js';

const mountShape = {
  /** Absolute paths. */
  source: z.string(),
  mountPoint: z.string(),
  mode: z.enum(['proxy', 'master']).optional(),
  /** Nothing can flip this mount: needs `mode`. */
  pin: z.boolean().default(false),
  /** The editor that the proxies are for: chooses the profile; `auto` learns it from whoever opens a clip. */
  nle: z.enum(['premiere', 'resolve', 'avid', 'fcp', 'kdenlive', 'auto']).optional(),
  stateDir: z.string().optional(),
  /** Mounts through fusermount3 even as root. */
  directMount: z.boolean().default(true),
} as const;

type SettingShape = { readonly [N in SettingName]: z.ZodOptional<z.ZodType<Settings[N]>> };

/** Undefined leaves a setting to the environment, the files, and its default. */
const settingShape = Object.fromEntries(
  SETTING_NAMES.map((name) => [name, settingOf(name).schema.optional()]),
) as unknown as SettingShape;

export const daemonOptionsSchema = z.strictObject({ ...mountShape, ...settingShape });

export type DaemonOptions = z.infer<typeof daemonOptionsSchema>;
export type DaemonOptionsInput = z.input<typeof daemonOptionsSchema>;

/** The arguments that make `proxyfsd` parse to these options. */
export function daemonArguments(options: DaemonOptions): readonly string[] {
  const mount = Object.entries(MOUNT_FLAGS).flatMap(([name, flag]) => {
    const value = options[name as keyof typeof MOUNT_FLAGS];
    if (value === undefined) return [];
    if (typeof value === 'boolean') return [value ? `--${flag}` : `--no-${flag}`];
    return [`--${flag}`, String(value)];
  });
  return [...mount, ...flagArguments(options)];
}

/** Every option that is no setting, and its flag; a new one without a flag does not compile. */
export const MOUNT_FLAGS: Readonly<Record<keyof typeof mountShape, string>> = {
  source: 'source',
  mountPoint: 'mount-point',
  mode: 'mode',
  pin: 'pin',
  nle: 'nle',
  stateDir: 'state',
  directMount: 'direct-mount',
};
