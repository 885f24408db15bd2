/** How the daemon is polite: its settings, its mount and its machine put together. */

import { availableParallelism } from 'node:os';
import { invariant } from '../src/base/invariant.js';
import { parseHours } from '../src/config/hours.js';
import type { Settings } from '../src/config/settings.js';
import type { Manner, Priority } from '../src/ffmpeg/launcher.js';
import { clipHandles } from '../src/flip/handles.js';
import type { JobClass } from '../src/jobs/job-class.js';
import type { MountedVolume } from '../src/mount/driver.js';
import { Governor, type GovernorOptions } from '../src/politeness/governor.js';
import { PlaybackWatch } from '../src/politeness/playback.js';
import { PressureGauge } from '../src/politeness/pressure.js';

export function watchPlayback(volume: MountedVolume): PlaybackWatch {
  return new PlaybackWatch({
    // The list costs a moment for each handle, the counter none.
    handles: () => (volume.counters().openHandles === 0 ? [] : clipHandles(volume)),
    reads: () => volume.counters().reads,
  });
}

export interface Surroundings extends Pick<GovernorOptions, 'isBusy' | 'onChange' | 'log'> {
  readonly settings: Settings;
  readonly playback: PlaybackWatch;
}

export function createGovernor({ settings, playback, ...rest }: Surroundings): Governor {
  const hours = parseHours(settings.hours);
  invariant(hours !== undefined, 'the hours were checked with the settings');
  const gauge = new PressureGauge();
  const policy = { politeness: settings.politeness, hours, workers: settings.workers };
  const look = async () => {
    const [pressure, player] = await Promise.all([gauge.look(), playback.look(performance.now())]);
    return { at: new Date(), pressure, player };
  };
  return new Governor({ ...rest, policy, look });
}

/** A person waits for a prewarm: it goes on, slowly, also on a machine that is busy all day. */
export function mannerOf({ encoderCores, politeness }: Settings): (jobClass: JobClass) => Omit<Manner, 'pace'> {
  const half = politeness === 'strict' ? Math.max(1, Math.floor(availableParallelism() / 2)) : undefined;
  const cores = encoderCores === 0 ? half : encoderCores;
  return (jobClass) => ({ priority: priorityOf(politeness, jobClass), cores });
}

function priorityOf(politeness: Settings['politeness'], jobClass: JobClass): Priority {
  if (politeness === 'off') return 'normal';
  return politeness === 'normal' && jobClass === 'prewarm' ? 'low' : 'idle';
}
