/** One setting: what it is called, what it may be, what it is when nobody says, and why it exists. */

import { z } from 'zod';

export interface Setting<T> {
  /** Environment variable. */
  readonly env: `PROXYFS_${string}`;
  /** What may be written, for people. */
  readonly type: string;
  readonly fallback: T;
  /** One sentence for the manual. */
  readonly sentence: string;
  /** Takes the value of a flag, or the text of the environment variable. */
  readonly schema: z.ZodType<T>;
}

export type SettingText = Pick<Setting<unknown>, 'env' | 'sentence'>;

export function choice<const T extends string>(
  values: readonly [T, ...T[]],
  fallback: NoInfer<T>,
  text: SettingText,
): Setting<T> {
  return { ...text, type: values.join(' | '), fallback, schema: z.enum(values) };
}

export function numberOf(
  range: { readonly min: number; readonly max: number; readonly integer: boolean },
  fallback: number,
  text: SettingText,
): Setting<number> {
  const { min, max, integer } = range;
  const number = integer ? z.number().int() : z.number();
  const schema = z.preprocess(numberFrom, number.min(min).max(max));
  return { ...text, type: `${integer ? 'whole number' : 'number'} from ${min} to ${max}`, fallback, schema };
}

/** Bytes, also as `500M` or `20G` (powers of 1024). */
export function bytes(fallback: number, text: SettingText): Setting<number> {
  const schema = z.preprocess(bytesFrom, z.number().int().min(0).max(Number.MAX_SAFE_INTEGER));
  return { ...text, type: 'bytes, also with K, M, G or T', fallback, schema };
}

export function word(fallback: string, text: SettingText): Setting<string> {
  return { ...text, type: 'text', fallback, schema: z.string().min(1) };
}

export function optionalPath(text: SettingText): Setting<string | undefined> {
  return { ...text, type: 'path', fallback: undefined, schema: z.string().min(1).optional() };
}

/** A list from flags; one entry per line from the environment. */
export function lines(text: SettingText): Setting<readonly string[]> {
  const schema = z.preprocess(
    (value) => (typeof value === 'string' ? value.split('\n').filter((line) => line.trim() !== '') : value),
    z.array(z.string().min(1)),
  );
  return { ...text, type: 'commands, one per line', fallback: [], schema };
}

const numberFrom = (value: unknown): unknown =>
  typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : value;

const POWER: Readonly<Record<string, number>> = { '': 0, K: 1, M: 2, G: 3, T: 4 };

function bytesFrom(value: unknown): unknown {
  const match = typeof value === 'string' ? /^(\d+)\s*([KMGT]?)$/i.exec(value.trim()) : null;
  if (match === null) return value;
  return Number(match[1]) * 1024 ** (POWER[(match[2] ?? '').toUpperCase()] ?? 0);
}
