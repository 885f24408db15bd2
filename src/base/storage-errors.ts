/** Answers of storage that is gone or dying, as opposed to those about one file. Pure. */

const FAILING = new Set([
  ...['EIO', 'ENOTCONN', 'ESTALE', 'ENODEV', 'ENXIO', 'EHOSTDOWN', 'EHOSTUNREACH', 'ETIMEDOUT', 'ENOMEDIUM'],
  ...['EREMOTEIO', 'ESHUTDOWN', 'ENETDOWN', 'ENETUNREACH', 'ECONNABORTED', 'ECONNRESET', 'ENOLINK'],
]);

/** The same in the words of the C library, as programs print them. */
const WORDS =
  /Input\/output error|Transport endpoint is not connected|Stale file handle|No such device|Host is down|No route to host|Connection timed out|No medium found|Remote I\/O error|Link has been severed/i;

export function isFailing(errno: string | undefined): boolean {
  return errno !== undefined && FAILING.has(errno);
}

export function saysFailing(words: string): boolean {
  return WORDS.test(words);
}
