/** What to do about a clip that got no proxy, from the reason it was set aside with. Pure. */

const RETRY = "then 'proxyfs failures --retry'";

/** The first that fits; the reason is FFmpeg's or the validation's own sentence. */
const WAYS: readonly (readonly [RegExp, string])[] = [
  [
    /answers with errors \(/,
    "the drive or its cable is at fault, the kernel's log ('dmesg') says more; it is tried again every ten minutes and when the drive is connected anew, or with 'proxyfs failures --retry'",
  ],
  [
    /more than the quota of the pool/,
    "raise pool-quota and mount again, or choose a lighter set ('proxyfs profiles'); the others are made meanwhile",
  ],
  [
    /moov atom not found|Invalid data found|truncated|End of file|could not find codec parameters/i,
    `the file is damaged or was not copied to its end: copy it again; a file that changes is tried again by itself`,
  ],
  [/Permission denied|EACCES|EPERM/i, `let the daemon's user read the file, ${RETRY}`],
  [/No space left|Disk quota|no space/i, `free some space, or mount with another --pool, ${RETRY}`],
  [
    /no progress|without progress|stalled|stopped moving/i,
    `FFmpeg hangs at this clip: try another version of it with --ffmpeg, or a larger --stall-seconds on slow storage, ${RETRY}`,
  ],
  [
    /Unknown (encoder|decoder)|Encoder not found|Decoder .* not found|not compiled/i,
    `this FFmpeg lacks a codec: install a complete build ('proxyfs doctor' says what is missing), ${RETRY}`,
  ],
  [/Input\/output error|EIO|Stale file handle/i, `the storage did not give the file: check it, ${RETRY}`],
  [
    /killed by SIG(SEGV|ABRT|BUS|FPE|ILL|SYS)/,
    `FFmpeg crashes at this clip: try another version of it with --ffmpeg, or write the clip anew, ${RETRY}`,
  ],
  [
    /killed|signal SIG|Cannot allocate memory/i,
    `something ended FFmpeg, often a lack of memory: fewer --workers, ${RETRY}`,
  ],
];

const REJECTED =
  "FFmpeg made a file that is not equal to the master, so the master is served: 'proxyfs plan PATH' shows the command; " +
  "another set ('proxyfs profiles') or another FFmpeg may do better";

/** Frames that FFmpeg passed over: nearly always because they cannot be decoded. */
const TOO_FEW = /frame count: expected (\d+), found (\d+)/;
const CANNOT_DECODE =
  'FFmpeg did not get all frames out of the master, which is likely damaged there: play it to its end, copy it again from ' +
  'the camera; a file that changes is tried again by itself';

export function wayOutOfFailure(reason: string, rejected: boolean): string {
  const [, expected, found] = TOO_FEW.exec(reason) ?? [];
  if (Number(found) < Number(expected)) return CANNOT_DECODE;
  if (rejected) return REJECTED;
  return (
    WAYS.find(([pattern]) => pattern.test(reason))?.[1] ??
    "try it again with 'proxyfs failures --retry'; 'proxyfs history PATH' says what was tried before"
  );
}
