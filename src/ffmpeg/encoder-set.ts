/** What an installed FFmpeg can do, as far as recipes care, and the reader of its own lists. Pure. */

export interface EncoderSet {
  readonly encoders: ReadonlySet<string>;
  readonly muxers: ReadonlySet<string>;
  readonly filters: ReadonlySet<string>;
}

/** Names from `ffmpeg -encoders`, `-muxers` or `-filters`: lines of flags, name, description after the legend. */
export function parseCapabilityList(text: string): ReadonlySet<string> {
  const names = new Set<string>();
  for (const line of text.split('\n')) {
    const match = /^ [A-Z. |]{2,6} ([^ =]+) +\S/.exec(line);
    for (const name of match?.[1]?.split(',') ?? []) names.add(name);
  }
  return names;
}
