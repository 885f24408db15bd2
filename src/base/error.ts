/**
 * The one error class of proxyfs and the closed list of its codes.
 *
 * A message names the thing, the reason and the way out. A code belongs to one
 * kind, and the kind decides the exit code of the command line.
 */

/** Codes by kind; the kinds map to exit codes in `exit-code.ts`. */
export const ERROR_CODES = {
  /** What was asked for cannot be asked for: wrong arguments, wrong place, wrong state. */
  request: [
    'request/invalid',
    'request/unknown-method',
    'project/not-found',
    'project/already-mounted',
    'source/missing',
    'source/not-a-directory',
    'mountpoint/missing',
    'mountpoint/not-empty',
    'mountpoint/inside-source',
    'mountpoint/busy',
    'path/outside-project',
    'path/missing',
    'mode/pinned',
    'profile/unknown',
    'profile/wrong-engine',
    'config/invalid',
    'look/invalid',
    'look/unknown',
    'assert/not-served-so',
    'generate/paused',
  ],
  /** It was attempted and did not succeed. */
  execution: [
    'ffmpeg/failed',
    'ffmpeg/stalled',
    'ffprobe/failed',
    'ffprobe/garbage',
    'resolve/failed',
    'recipe/refused',
    'validate/rejected',
    'pool/damaged',
    'catalog/variant-missing',
    'flip/rolled-back',
    'flip/verify-failed',
    'generate/failed',
    'generate/segments',
    'job/cancelled',
    'job/lease-lost',
    'job/source-changed',
    'job/output-exists',
  ],
  /** Part of it succeeded; the details list what did not. */
  partial: ['generate/partly-done', 'flip/handles-open'],
  /** The machine, the kernel or the installation is in the way. */
  system: [
    'system/io',
    'system/no-space',
    'system/permission',
    'source/failing',
    'ffmpeg/missing',
    'resolve/unavailable',
    'fuse/unavailable',
    'fuse/mount-failed',
    'driver/unavailable',
    'store/damaged',
    'store/held',
    'daemon/unreachable',
    'daemon/start-failed',
    'internal',
  ],
} as const;

export type ErrorKind = keyof typeof ERROR_CODES;
export type ErrorCode = (typeof ERROR_CODES)[ErrorKind][number];

/** Facts that belong to an error, as plain JSON. */
export type ErrorDetails = Readonly<Record<string, unknown>>;

export class ProxyfsError extends Error {
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, options: { cause?: unknown; details?: ErrorDetails } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ProxyfsError';
    this.code = code;
    this.details = options.details ?? {};
  }
}

export function errorKind(code: ErrorCode): ErrorKind {
  for (const [kind, codes] of Object.entries(ERROR_CODES)) {
    if ((codes as readonly string[]).includes(code)) return kind as ErrorKind;
  }
  throw new Error(`error code without a kind: ${code}`);
}

export function isErrorCode(value: unknown): value is ErrorCode {
  return Object.values(ERROR_CODES).some((codes) => (codes as readonly unknown[]).includes(value));
}

/** Any thrown value as a ProxyfsError; errno of the system keeps its meaning. */
export function toProxyfsError(thrown: unknown): ProxyfsError {
  if (thrown instanceof ProxyfsError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new ProxyfsError(codeOfErrno(errnoOf(thrown)), message, { cause: thrown });
}

/** The errno name of a Node system error (`ENOENT`, ...), if it is one. */
export function errnoOf(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null || !('code' in thrown)) return undefined;
  return typeof thrown.code === 'string' && /^E[A-Z0-9]+$/.test(thrown.code) ? thrown.code : undefined;
}

function codeOfErrno(errno: string | undefined): ErrorCode {
  if (errno === undefined) return 'internal';
  if (errno === 'ENOSPC' || errno === 'EDQUOT') return 'system/no-space';
  if (errno === 'EACCES' || errno === 'EPERM') return 'system/permission';
  if (errno === 'ENOENT') return 'path/missing';
  return 'system/io';
}
