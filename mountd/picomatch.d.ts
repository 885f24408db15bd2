/** The part of picomatch that is used here. */
declare module 'picomatch' {
  interface Options {
    /** Wildcards match names that begin with a dot. */
    readonly dot?: boolean;
    /** Of the regular expression that the pattern becomes. */
    readonly flags?: string;
  }
  interface Scan {
    /** The folder before the first wildcard. */
    readonly base: string;
    readonly isGlob: boolean;
  }
  function picomatch(pattern: string, options?: Options): (path: string) => boolean;
  namespace picomatch {
    function scan(pattern: string): Scan;
  }
  export default picomatch;
}
