/**
 * Numbers of bytes as people write and read them. Pure.
 *
 * One unit everywhere: powers of 1000, as cameras and disks are sold and file managers count, so
 * that a quota of `500G` is the 500.0 GB that `status` shows. Powers of 1024 are written `500Gi`.
 */

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
const PREFIXES = ['', 'K', 'M', 'G', 'T'] as const;
const SIZE = /^(\d+(?:\.\d+)?)\s*(?:([KMGT])(i)?)?B?$/i;

/** `0 B`, `999 B`, `1.0 kB`, `12.3 MB`: at most one decimal place. */
export function formatSize(bytes: number): string {
  let value = bytes;
  let unit = 0;
  while (unit < UNITS.length - 1 && Number(value.toFixed(unit === 0 ? 0 : 1)) >= 1000) {
    value /= 1000;
    unit += 1;
  }
  return `${value.toFixed(unit === 0 ? 0 : 1)} ${UNITS[unit]}`;
}

/** Whole bytes of `1500`, `20G`, `1.5 TB` or `512MiB`; undefined for anything else. */
export function parseSize(text: string): number | undefined {
  const match = SIZE.exec(text.trim());
  if (match === null) return undefined;
  const [, number = '', prefix = '', binary] = match;
  const power = PREFIXES.indexOf(prefix.toUpperCase() as (typeof PREFIXES)[number]);
  return Math.round(Number(number) * (binary === undefined ? 1000 : 1024) ** power);
}

/** The shortest text that `parseSize` reads as exactly this many bytes. */
export function writeSize(bytes: number): string {
  for (let power = PREFIXES.length - 1; power > 0; power -= 1) {
    for (const [base, mark] of [
      [1000, ''],
      [1024, 'i'],
    ] as const) {
      if (bytes > 0 && bytes % base ** power === 0) return `${bytes / base ** power}${PREFIXES[power]}${mark}`;
    }
  }
  return String(bytes);
}
