/** One setting: what it is called, what it may be, what it is when nobody says, and why it exists. */

import { z } from 'zod';
import { parseSize, writeSize } from '../base/byte-size.js';

export interface Setting<T> {
  /** Environment variable; the key in files and the flag follow from it: see `keyOf`. */
  readonly env: `PROXYFS_${string}`;
  /** What may be written, for people. */
  readonly type: string;
  readonly fallback: T;
  /** One sentence for the manual. */
  readonly sentence: string;
  /** Takes the value of a flag, of a file, or the text of the environment variable. */
  readonly schema: z.ZodType<T>;
  /** The default in words, where it depends on the machine. */
  readonly fallbackText?: string | undefined;
  /** Runs programs or writes to a place of its choice: a file that others can change must not say it. */
  readonly needsTrust?: boolean | undefined;
  /** The values of a choice. */
  readonly values?: readonly string[] | undefined;
  readonly isSwitch?: boolean | undefined;
  /** Relative to where it was said. */
  readonly isPath?: boolean | undefined;
}

export type SettingText = Pick<Setting<unknown>, 'env' | 'sentence' | 'fallbackText' | 'needsTrust'>;

/** `PROXYFS_STALL_SECONDS` is `stall-seconds` in files, and the flag `--stall-seconds`. */
export function keyOf({ env }: Pick<Setting<unknown>, 'env'>): string {
  return env.slice('PROXYFS_'.length).toLowerCase().replaceAll('_', '-');
}

export function choice<const T extends string>(
  values: readonly [T, ...T[]],
  fallback: NoInfer<T>,
  text: SettingText,
): Setting<T> {
  return { ...text, type: values.join(' | '), fallback, schema: z.enum(values), values };
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

/** Bytes, also as `500M` or `20G`: powers of 1000; `20Gi` is of 1024. */
export function bytes(fallback: number, text: SettingText, min = 0): Setting<number> {
  const schema = z.preprocess(bytesFrom, z.number().int().min(min).max(Number.MAX_SAFE_INTEGER));
  const from = min === 0 ? '' : ` from ${writeSize(min)}`;
  return { ...text, type: `bytes${from}, also with K, M, G or T`, fallback, schema };
}

/** On or off. */
export function onOff(fallback: boolean, text: SettingText): Setting<boolean> {
  return { ...text, type: 'true | false', fallback, schema: z.preprocess(switchFrom, z.boolean()), isSwitch: true };
}

/** Bytes, or a share of a disk such as `80%`, and never nothing; kept as text, since the disk is not known yet. */
export function optionalShare(text: SettingText): Setting<string | undefined> {
  const schema = z.preprocess(
    (value) => (typeof value === 'number' ? String(value) : value),
    z
      .string()
      .trim()
      .refine((text) => (SHARE.test(text) ? Number.parseFloat(text) : (parseSize(text) ?? 0)) > 0)
      .optional(),
  );
  return {
    ...text,
    type: 'bytes above 0, also with K, M, G or T, or a share such as 80%',
    fallback: undefined,
    schema,
  };
}

export function word(fallback: string, text: SettingText): Setting<string> {
  return { ...text, type: 'text', fallback, schema: z.string().min(1) };
}

/** A text of a form of its own. */
export function textOf(
  isValid: (value: string) => boolean,
  fallback: string,
  text: SettingText & Pick<Setting<string>, 'type'>,
): Setting<string> {
  return { ...text, fallback, schema: z.string().refine(isValid) };
}

export function optionalPath(text: SettingText): Setting<string | undefined> {
  return { ...text, type: 'path', fallback: undefined, schema: z.string().min(1).optional(), isPath: true };
}

/** A list in files; one entry per line in a flag or the environment. */
export function lines(text: SettingText): Setting<readonly string[]> {
  const schema = z.preprocess(
    (value) => (typeof value === 'string' ? value.split('\n').filter((line) => line.trim() !== '') : value),
    z.array(z.string().min(1)),
  );
  return { ...text, type: 'commands, one per line', fallback: [], schema };
}

const numberFrom = (value: unknown): unknown =>
  typeof value === 'string' && /^-?\d+(\.\d+)?$/.test(value.trim()) ? Number(value) : value;

const SWITCH: Readonly<Record<string, boolean>> = {
  ...{ true: true, yes: true, on: true, '1': true },
  ...{ false: false, no: false, off: false, '0': false },
};

const switchFrom = (value: unknown): unknown =>
  typeof value === 'string' ? (SWITCH[value.trim().toLowerCase()] ?? value) : value;

const SHARE = /^(\d{1,2}(\.\d+)?|100)\s*%$/;

const bytesFrom = (value: unknown): unknown => (typeof value === 'string' ? (parseSize(value) ?? value) : value);
