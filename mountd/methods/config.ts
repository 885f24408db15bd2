/** `config.get`: what this daemon runs with, and who said so. */

import { describeSettings } from '../../src/config/describe-settings.js';
import type { Result } from '../../src/control/schema.js';
import type { Daemon } from '../daemon.js';

export async function getConfig({ traced }: Daemon): Promise<Result<'config.get'>> {
  return { settings: [...describeSettings(traced)] };
}
