/**
 * What a daemon runs with: read when somebody mounts, and kept beside its state.
 *
 * A daemon that is brought back after a death runs with what the one before it ran with:
 * a file that was changed meanwhile, perhaps only half-way, is of the next mount.
 */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { z } from 'zod';
import { writeFileAtomic } from '../src/base/atomic-file.js';
import type { RealPath } from '../src/base/paths.js';
import { type Locations, locationsOf, projectIdOf } from '../src/config/locations.js';
import { ORIGINS, type Traced, type TracedSettings, traceSettings } from '../src/config/read-settings.js';
import { SETTING_NAMES, settingOf } from '../src/config/settings.js';
import { loadSettingsFiles } from '../src/config/settings-files.js';
import type { DaemonOptions } from '../src/control/daemon-options.js';
import type { Place } from './preflight.js';

const FILE_NAME = 'settings.json';

const keptSchema = z.record(
  z.string(),
  z.object({ value: z.unknown().optional(), origin: z.enum(ORIGINS), where: z.string() }),
);

/** Rejects with `config/invalid`. */
export async function settingsInForce(options: DaemonOptions, place: Place, resume: boolean): Promise<TracedSettings> {
  const stateDir = options.stateDir as RealPath | undefined;
  const locations = locationsOf(projectIdOf(place.source, stateDir), { stateDir });
  const kept = resume ? await readKept(locations) : undefined;
  return kept ?? traceSettings(options, process.env, await loadSettingsFiles(place.source, process.env));
}

/** Called once the project is ours. */
export async function keepSettings({ stateDir }: Locations, traced: TracedSettings): Promise<void> {
  await writeFileAtomic(join(stateDir, FILE_NAME), `${JSON.stringify(traced, undefined, 2)}\n`);
}

/** undefined: there is none that this version could have written. */
async function readKept({ stateDir }: Locations): Promise<TracedSettings | undefined> {
  const text = await readFile(join(stateDir, FILE_NAME), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const kept = keptSchema.safeParse(parseJson(text));
  if (!kept.success) return undefined;
  const entries = SETTING_NAMES.map((name): [string, Traced] | undefined => {
    const entry = kept.data[name];
    const setting = settingOf(name);
    if (entry === undefined) return undefined;
    // JSON has no undefined: a setting without a value is a default.
    if (entry.value === undefined) return [name, { value: setting.fallback, origin: 'default', where: '' }];
    const value = setting.schema.safeParse(entry.value);
    return value.success ? [name, { ...entry, value: value.data }] : undefined;
  });
  if (entries.includes(undefined)) return undefined;
  return Object.fromEntries(entries.filter((entry) => entry !== undefined)) as TracedSettings;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
