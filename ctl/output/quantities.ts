/** Counts and times as people read them. */

/** `3 clips`, `1 clip`. */
export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? noun : plural}`;
}

/** Time left or elapsed: `0:07`, `12:30`, `1:02:03`. */
export function formatClockTime(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = `${minutes.toString().padStart(hours > 0 ? 2 : 1, '0')}:${rest.toString().padStart(2, '0')}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
}

export function formatMilliseconds(ms: number): string {
  if (ms >= 1000) return `${(ms / 1000).toFixed(1)} s`;
  return `${ms >= 10 ? ms.toFixed(0) : ms.toFixed(2)} ms`;
}

/** Local wall time, `14:03:22`, with the date when it is another day. */
export function formatMoment(moment: number, now: number): string {
  const [then, today] = [new Date(moment), new Date(now)];
  const time = then.toTimeString().slice(0, 8);
  if (then.toDateString() === today.toDateString()) return time;
  const month = (then.getMonth() + 1).toString().padStart(2, '0');
  return `${then.getFullYear()}-${month}-${then.getDate().toString().padStart(2, '0')} ${time}`;
}
