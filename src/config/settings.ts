/**
 * The settings of a daemon: one table with names, defaults and reasons.
 *
 * A row is all there is to a setting: its key in `proxyfs.toml`, its flag, its option in
 * fstab and its line of the manual follow from it (`node scripts/settings-manual.mjs`).
 */

import { availableParallelism } from 'node:os';
import { ALWAYS, parseHours } from './hours.js';
import {
  bytes,
  choice,
  keyOf,
  lines,
  numberOf,
  onOff,
  optionalPath,
  optionalShare,
  type Setting,
  textOf,
  word,
} from './setting.js';

export const SETTINGS = {
  profile: word('edit', {
    env: 'PROXYFS_PROFILE',
    sentence: 'The output specification of the proxies that are made and served.',
  }),
  workers: numberOf({ min: 0, max: 64, integer: true }, Math.max(1, Math.floor(availableParallelism() / 4)), {
    env: 'PROXYFS_WORKERS',
    fallbackText: 'a quarter of the cores',
    sentence: 'How many proxies are encoded at once; 0 leaves the encoding to other machines.',
  }),
  writes: choice(['deny', 'demote'], 'deny', {
    env: 'PROXYFS_WRITES',
    sentence: 'What opening a path for writing gets while it serves a proxy: a refusal, or its master from then on.',
  }),
  missing: choice(['master', 'deny'], 'master', {
    env: 'PROXYFS_MISSING',
    sentence: 'What proxy mode serves where there is no proxy: the master, or an error for those on a weak link.',
  }),
  ready: choice(['auto', 'idle', 'flush'], 'idle', {
    env: 'PROXYFS_READY',
    sentence:
      'When a proxy that became ready is served: at once, when nobody holds the file open, or at the next flush.',
  }),
  mtime: choice(['distinct', 'preserve'], 'distinct', {
    env: 'PROXYFS_MTIME',
    sentence: 'The modification time of a proxy: one of its own, so that editors notice a flip, or the master’s.',
  }),
  hooks: lines({
    env: 'PROXYFS_HOOKS',
    needsTrust: true,
    sentence: 'Commands that run after a flip, such as the reload of a network share.',
  }),
  ffmpegPath: optionalPath({
    env: 'PROXYFS_FFMPEG',
    needsTrust: true,
    sentence: 'The ffmpeg program; without it FFMPEG_PATH and then PATH are searched.',
  }),
  cacheSeconds: numberOf({ min: 0, max: 3600, integer: false }, 1, {
    env: 'PROXYFS_CACHE_SECONDS',
    sentence: 'How long the kernel may remember names and sizes that change behind the mount.',
  }),
  scanParallelism: numberOf({ min: 1, max: 64, integer: true }, Math.max(2, Math.min(4, availableParallelism())), {
    env: 'PROXYFS_SCAN_PARALLELISM',
    fallbackText: 'the cores, 2 to 4',
    sentence: 'How many files are probed and fingerprinted at once.',
  }),
  settleMs: numberOf({ min: 0, max: 3_600_000, integer: true }, 2000, {
    env: 'PROXYFS_SETTLE_MS',
    sentence: 'How many milliseconds a file must stay unchanged before it counts as complete.',
  }),
  rescanSeconds: numberOf({ min: 1, max: 86_400, integer: true }, 60, {
    env: 'PROXYFS_RESCAN_SECONDS',
    sentence:
      'How often everything is looked at where changes are not told: on network storage, and without enough watches.',
  }),
  politeness: choice(['off', 'normal', 'strict'], 'normal', {
    env: 'PROXYFS_POLITENESS',
    sentence:
      'Whether the making of proxies gives way to people: to others’ load and to whoever plays from the mount; strict stops it meanwhile.',
  }),
  hours: textOf((value) => parseHours(value) !== undefined, ALWAYS, {
    env: 'PROXYFS_HOURS',
    type: 'always, or times such as 20:00-06:00 or mon-fri 19:30-07:00, sat-sun',
    sentence: 'When proxies are made that nobody opened or asked for, in local time.',
  }),
  encoderCores: numberOf({ min: 0, max: 1024, integer: true }, 0, {
    env: 'PROXYFS_ENCODER_CORES',
    sentence:
      'How many cores one encoder may use; 0 leaves it to FFmpeg, or is half of them when politeness is strict.',
  }),
  stallSeconds: numberOf({ min: 1, max: 86_400, integer: true }, 60, {
    env: 'PROXYFS_STALL_SECONDS',
    sentence: 'After how many seconds without progress an encoder is given up.',
  }),
  hardware: choice(['none', 'auto', 'nvenc', 'qsv', 'vaapi', 'videotoolbox'], 'none', {
    env: 'PROXYFS_HARDWARE',
    sentence: 'The hardware encoder of H.264 proxies; used only when a trial passes the validation of proxies.',
  }),
  pictureChecks: numberOf({ min: 0, max: 1000, integer: true }, 0, {
    env: 'PROXYFS_PICTURE_CHECKS',
    sentence: 'How many frames of each new proxy are compared with the master’s as pictures; 0 leaves it out.',
  }),
  pictures: onOff(true, {
    env: 'PROXYFS_PICTURES',
    sentence:
      'Whether a poster and an indexed sheet of small pictures are made with each proxy; `proxyfs pictures` says where.',
  }),
  segmentSeconds: numberOf({ min: 0, max: 3600, integer: true }, 60, {
    env: 'PROXYFS_SEGMENT_SECONDS',
    sentence:
      'Masters of twice this length and more are encoded in segments, which an interruption does not lose; 0 encodes all in one piece.',
  }),
  diskReserveBytes: bytes(2_000_000_000, {
    env: 'PROXYFS_DISK_RESERVE',
    sentence:
      'Free space of the pool’s disk below which no proxy is started; at half of it those in the making are stopped.',
  }),
  poolDir: optionalPath({
    env: 'PROXYFS_POOL',
    fallbackText: '`pool` in the state directory',
    needsTrust: true,
    sentence: 'The folder of the proxies, for example on a faster or larger disk.',
  }),
  driver: choice(['auto', 'native', 'portable'], 'auto', {
    env: 'PROXYFS_DRIVER',
    sentence: 'The file system driver; auto takes the native one where it can be loaded.',
  }),
  passthrough: onOff(true, {
    env: 'PROXYFS_PASSTHROUGH',
    sentence: 'Let the kernel read the files itself where it can.',
  }),
  allowOther: onOff(false, {
    env: 'PROXYFS_ALLOW_OTHER',
    sentence: 'Let other users into the mount.',
  }),
  metricsPort: numberOf({ min: 0, max: 65_535, integer: true }, 0, {
    env: 'PROXYFS_METRICS_PORT',
    sentence: 'The port of this machine’s loopback interface where Prometheus finds /metrics; 0 opens none.',
  }),
  logSize: bytes(
    10_000_000,
    {
      env: 'PROXYFS_LOG_SIZE',
      sentence: 'How large the log may become before a new one is begun; four older ones are kept.',
    },
    10_000,
  ),
  logLevel: choice(['debug', 'info', 'warn', 'error'], 'info', {
    env: 'PROXYFS_LOG_LEVEL',
    sentence: 'How much is logged.',
  }),
  poolQuota: optionalShare({
    env: 'PROXYFS_POOL_QUOTA',
    sentence: 'How large the pool may become, in bytes or as a share of its disk; what was not used for longest goes.',
  }),
  ttlDays: numberOf({ min: 0, max: 36_500, integer: true }, 0, {
    env: 'PROXYFS_TTL_DAYS',
    sentence: 'After how many days without use a proxy is removed; 0 keeps it for ever.',
  }),
  scrubDays: numberOf({ min: 0, max: 3650, integer: true }, 30, {
    env: 'PROXYFS_SCRUB_DAYS',
    sentence: 'How often all proxies are read and compared with their hashes, slowly and in the background; 0: never.',
  }),
  scrubRate: bytes(
    16_000_000,
    {
      env: 'PROXYFS_SCRUB_RATE',
      sentence: 'How many bytes a second that check reads.',
    },
    10_000,
  ),
} as const;

export type SettingName = keyof typeof SETTINGS;
export type Settings = {
  readonly [N in SettingName]: (typeof SETTINGS)[N] extends Setting<infer T> ? T : never;
};
/** Values as flags give them; undefined is a flag that was not given. */
export type SettingFlags = { readonly [N in SettingName]?: unknown };

export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];

export function settingOf(name: SettingName): Setting<unknown> {
  return SETTINGS[name];
}

/** By its key in files and flags. */
export function settingByKey(key: string): SettingName | undefined {
  return SETTING_NAMES.find((name) => keyOf(SETTINGS[name]) === key);
}
