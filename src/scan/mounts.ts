/** Which folders are mounted proxyfs volumes, read from the kernel's table without touching them. */

/** Mount points of proxyfs volumes in the text of /proc/self/mountinfo (proc(5)). */
export function proxyfsMounts(mountinfo: string): ReadonlySet<string> {
  const points = new Set<string>();
  for (const line of mountinfo.split('\n')) {
    const [before, after] = line.split(' - ', 2);
    const point = before?.split(' ')[4];
    const [type, device] = after?.split(' ') ?? [];
    if (point === undefined || type === undefined) continue;
    const isOurs = type === 'fuse.proxyfs' || (type.startsWith('fuse') && device?.startsWith('proxyfs') === true);
    if (isOurs) points.add(decodeOctal(point));
  }
  return points;
}

/** Blank, tab, newline and backslash are written as three octal digits. */
function decodeOctal(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}
