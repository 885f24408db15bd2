/** Sizes in messages. Pure. */

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];

/** Powers of 1024, as settings give them. */
export function formatBytes(bytes: number): string {
  let [value, unit] = [bytes, 0];
  for (; value >= 1024 && unit < UNITS.length - 1; unit += 1) value /= 1024;
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${UNITS[unit]}`;
}
