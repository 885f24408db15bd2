/** What the addon throws (an errno and the step it happened in) as an error a person can act on. */

import { type ErrorCode, errnoOf, ProxyfsError } from '../base/error.js';
import type { MountOptions } from './driver.js';

type Phrase = (options: MountOptions) => readonly [ErrorCode, string];

const DEVICE_MISSING: Phrase = () => [
  'fuse/unavailable',
  "/dev/fuse is not there: load the module with 'modprobe fuse', or start the container with --device /dev/fuse",
];
const DEVICE_DENIED: Phrase = () => [
  'fuse/unavailable',
  '/dev/fuse may not be opened by this user: run as root, or give the user access to /dev/fuse',
];
const POINT_MISSING: Phrase = ({ mountPoint }) => [
  'mountpoint/missing',
  `the mount point '${mountPoint}' is not a directory: create it with 'mkdir -p'`,
];

/** By step and errno; `*` stands for every other errno of the step. */
const PHRASES: Readonly<Record<string, Readonly<Record<string, Phrase>>>> = {
  'open-device': {
    ENOENT: DEVICE_MISSING,
    ENODEV: DEVICE_MISSING,
    ENXIO: DEVICE_MISSING,
    EACCES: DEVICE_DENIED,
    EPERM: DEVICE_DENIED,
  },
  'open-source': {
    ENOENT: ({ source }) => ['source/missing', `the source '${source}' does not exist: check the path`],
    ENOTDIR: ({ source }) => ['source/not-a-directory', `the source '${source}' is not a directory: name its folder`],
    EACCES: ({ source }) => ['system/permission', `the source '${source}' may not be opened by this user`],
  },
  mount: {
    ENOENT: POINT_MISSING,
    ENOTDIR: POINT_MISSING,
    ENODEV: DEVICE_MISSING,
    EPERM: ({ mountPoint }) => [
      'fuse/mount-failed',
      `the kernel does not allow mounting on '${mountPoint}': run as root, in a container with --cap-add SYS_ADMIN`,
    ],
    ENOTCONN: ({ mountPoint }) => [
      'fuse/mount-failed',
      `a dead mount lies on '${mountPoint}': remove it with 'umount -l ${mountPoint}'`,
    ],
  },
  fusermount: {
    EACCES: ({ mountPoint }) => [
      'fuse/mount-failed',
      `fusermount3 may not mount on '${mountPoint}': the directory must be writable by you, and /dev/fuse too (chmod 666 /dev/fuse)`,
    ],
    ENOENT: ({ mountPoint }) => [
      'fuse/unavailable',
      `mounting '${mountPoint}' without root needs fusermount3 (Debian: apt install fuse3) and an existing mount point`,
    ],
  },
};

export function toMountError(thrown: unknown, options: MountOptions): ProxyfsError {
  const step = stepOf(thrown);
  const errno = errnoOf(thrown) ?? '';
  const phrase = PHRASES[step]?.[errno];
  const [code, message] = phrase?.(options) ?? fallback(thrown, options);
  return new ProxyfsError(code, message, { cause: thrown, details: { step, errno } });
}

function fallback(thrown: unknown, { mountPoint }: MountOptions): readonly [ErrorCode, string] {
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  const wayOut = reason.includes('user_allow_other')
    ? "; add 'user_allow_other' to /etc/fuse.conf, or mount as root"
    : "; 'proxyfs doctor' shows what this machine allows";
  return ['fuse/mount-failed', `'${mountPoint}' could not be mounted: ${reason}${wayOut}`];
}

function stepOf(thrown: unknown): string {
  if (typeof thrown !== 'object' || thrown === null || !('step' in thrown)) return '';
  return typeof thrown.step === 'string' ? thrown.step : '';
}
