/**
 * Several files of one encode: the output of FFmpeg's tee muxer. Pure.
 *
 * Names and options are quoted twice, as the muxer reads them: it first divides the files, then
 * the options of each.
 */

export interface TeeFile {
  /** Of its muxer, by name; `f` is the muxer, `select` the streams that it gets. */
  readonly options: Readonly<Record<string, string>>;
  readonly file: string;
}

/** A file that fails ends them all: FFmpeg would go on with the others, and exit with 0. */
export function teeArguments(files: readonly TeeFile[]): string[] {
  const outputs = files.map(({ options, file }) => {
    const words = Object.entries({ onfail: 'abort', ...options }).map(([name, value]) => `${name}=${inOptions(value)}`);
    return inList(`[${words.join(':')}]${file}`);
  });
  return ['-f', 'tee', '-y', outputs.join('|')];
}

const inOptions = (value: string): string => value.replace(/[\\':\]]/g, '\\$&');
const inList = (output: string): string => output.replace(/[\\'|]/g, '\\$&');
