/** FFmpeg's `-progress` output: blocks of `key=value` lines, each closed by a `progress=` line. Pure. */

export interface EncodeProgress {
  /** Video frames written so far. */
  readonly frame: number;
  /** Frames a second, 0 while unknown. */
  readonly fps: number;
  /** Multiple of real time, 0 while unknown. */
  readonly speed: number;
  /** Media time written so far, in microseconds. */
  readonly outTimeUs: number;
  readonly done: boolean;
}

export interface ProgressParser {
  /** Takes any piece of the output and returns the blocks that it completed. */
  push(text: string): EncodeProgress[];
}

export function createProgressParser(): ProgressParser {
  let rest = '';
  let block = new Map<string, string>();
  return {
    push(text) {
      const lines = (rest + text).split('\n');
      rest = lines.pop() ?? '';
      const complete: EncodeProgress[] = [];
      for (const line of lines) {
        const at = line.indexOf('=');
        if (at < 0) continue;
        block.set(line.slice(0, at).trim(), line.slice(at + 1).trim());
        if (!line.startsWith('progress=')) continue;
        complete.push(readBlock(block));
        block = new Map();
      }
      return complete;
    },
  };
}

function readBlock(block: ReadonlyMap<string, string>): EncodeProgress {
  return {
    frame: numberOf(block.get('frame')),
    fps: numberOf(block.get('fps')),
    speed: numberOf(block.get('speed')?.replace(/x$/, '')),
    outTimeUs: numberOf(block.get('out_time_us')),
    done: block.get('progress') === 'end',
  };
}

/** FFmpeg writes `N/A` for what it does not know yet. */
function numberOf(text: string | undefined): number {
  const value = Number(text);
  return Number.isFinite(value) && value > 0 ? value : 0;
}
