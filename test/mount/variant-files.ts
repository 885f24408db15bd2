/** Clips whose every 8 bytes name their variant and offset, and readers that check them in processes of their own. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { toRealPath } from '../../src/base/paths.js';
import type { Swap, SwapChange } from '../../src/mount/driver.js';
import type { HostedVolume } from './hosted-volume.js';

const READER_SOURCE = join(dirname(fileURLToPath(import.meta.url)), '../../../test/fixtures/variant-reader.c');

export type Variant = 'master' | 'replacement';

export interface Clip {
  readonly name: string;
  readonly master: Buffer;
  readonly replacement: Buffer;
  readonly replacementPath: string;
}

/** Content of a file: a 64-bit word each, the variant in its top byte and its own index below. */
export function variantContent(variant: Variant, bytes: number): Buffer {
  const words = new BigUint64Array(bytes / 8);
  const tag = variant === 'replacement' ? 1n << 56n : 0n;
  for (let i = 0; i < words.length; i += 1) words[i] = tag | BigInt(i);
  return Buffer.from(words.buffer);
}

export async function makeClip(
  volume: HostedVolume,
  name: string,
  masterBytes: number,
  replacementBytes: number,
): Promise<Clip> {
  const master = variantContent('master', masterBytes);
  const replacement = variantContent('replacement', replacementBytes);
  const replacementPath = join(volume.pool, name.replaceAll('/', '-'));
  await mkdir(dirname(join(volume.source, name)), { recursive: true });
  await writeFile(join(volume.source, name), master);
  await writeFile(replacementPath, replacement);
  return { name, master, replacement, replacementPath };
}

export async function swapTo(volume: HostedVolume, clip: Clip, kind: Swap['kind']): Promise<SwapChange> {
  const { dev, ino, size, mtimeNs } = await stat(join(volume.source, clip.name), { bigint: true });
  const replacement = toRealPath(clip.replacementPath);
  const guard = { size, mtimeNs };
  const swap: Swap = kind === 'replace' ? { kind, replacement, mtimeNs: mtimeNs + 2_000_000_000n, guard } : { kind };
  return { asset: { dev, ino }, swap, reason: `serves ${kind}`, profile: kind === 'replace' ? 'light' : '' };
}

export interface ReaderCounts {
  readonly opens: number;
  readonly reads: number;
  readonly maps: number;
  /** Opens that met a flip twice in a row and had to be repeated. */
  readonly stale: number;
  readonly masters: number;
  readonly replacements: number;
}

export class VariantReader {
  readonly #child: ChildProcess;
  #out = '';
  #faults = '';

  constructor(
    program: string,
    volume: HostedVolume,
    clips: readonly Clip[],
    maps: 'shared' | 'private',
    slots: number,
  ) {
    const files = clips.flatMap((clip) => [
      volume.path(clip.name),
      String(clip.master.length),
      String(clip.replacement.length),
    ]);
    this.#child = spawn(program, [maps, String(slots), ...files], { cwd: '/' });
    this.#child.stdout?.on('data', (chunk: Buffer) => {
      this.#out += chunk.toString();
    });
    this.#child.stderr?.on('data', (chunk: Buffer) => {
      this.#faults += chunk.toString();
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  async reading(): Promise<void> {
    while (!this.#out.includes('reading\n')) {
      if (this.#child.exitCode !== null) throw new Error(`the reader ended: ${this.#faults}`);
      await Promise.race([once(this.#child.stdout ?? this.#child, 'data'), once(this.#child, 'exit')]);
    }
  }

  /** Stops the reader; what it counted, or the first fault it found. */
  async stop(): Promise<{ fault: string; counts: ReaderCounts | undefined }> {
    const exited = this.#child.exitCode === null ? once(this.#child, 'close') : undefined;
    this.#child.stdin?.on('error', () => undefined);
    this.#child.stdin?.end('stop\n');
    await exited;
    const line = this.#out.split('\n').find((text) => text.startsWith('{'));
    return { fault: this.#faults, counts: line === undefined ? undefined : (JSON.parse(line) as ReaderCounts) };
  }
}

export async function buildReader(folder: string): Promise<string> {
  const program = join(folder, 'variant-reader');
  await promisify(execFile)('cc', ['-O2', '-Wall', '-o', program, READER_SOURCE]);
  return program;
}
