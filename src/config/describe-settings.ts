/** Traced settings as plain rows, for people and for the control socket. */

import { writeValue } from './manual.js';
import type { Origin, TracedSettings } from './read-settings.js';
import { keyOf } from './setting.js';
import { SETTING_NAMES, settingOf } from './settings.js';

export interface DescribedSetting {
  readonly key: string;
  /** As a file would say it; null is none. */
  readonly value: string | number | boolean | readonly string[] | null;
  /** The value as one text. */
  readonly text: string;
  readonly origin: Origin;
  /** The flag, the variable, or file and line; empty for a default. */
  readonly where: string;
}

/** In the order of their keys. */
export function describeSettings(traced: TracedSettings): readonly DescribedSetting[] {
  return SETTING_NAMES.map((name): DescribedSetting => {
    const { value, origin, where } = traced[name];
    const setting = settingOf(name);
    const plain = (value ?? null) as DescribedSetting['value'];
    return { key: keyOf(setting), value: plain, text: writeValue(setting, value), origin, where };
  }).sort((a, b) => (a.key < b.key ? -1 : 1));
}
