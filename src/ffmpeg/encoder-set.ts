/** What an installed FFmpeg can do, as far as recipes care, and the reader of its own lists. Pure. */

export interface EncoderSet {
  readonly encoders: ReadonlySet<string>;
  readonly muxers: ReadonlySet<string>;
  readonly filters: ReadonlySet<string>;
  /** Command line options by name, where recipes must choose between an old and a new one. */
  readonly options: ReadonlySet<string>;
  /** The hardware encoder that has passed its trial and is to be used. */
  readonly hardware?: 'nvenc' | 'qsv' | 'vaapi' | 'videotoolbox';
}

/** Option names from `ffmpeg -h long`. */
export function parseOptionList(text: string): ReadonlySet<string> {
  return new Set(Array.from(text.matchAll(/^-([a-z_0-9]+)/gm), (match) => match[1] ?? ''));
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
