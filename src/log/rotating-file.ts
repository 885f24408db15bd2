/**
 * A log file of bounded size: when it is full it becomes `.1`, what was `.1` becomes `.2`, and
 * so on; the oldest goes.
 *
 * Promises: lines are written at once and never torn over two files; a daemon that is started
 * again goes on in the same file; what a full disk refuses is lost, and nothing else. One
 * process writes at a time (the lock of the catalog sees to it).
 */

import { closeSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { errnoOf } from '../base/error.js';
import type { RealPath } from '../base/paths.js';

const KEPT = 4;

export class RotatingFile {
  readonly #path: RealPath;
  readonly #maxBytes: number;
  #fd: number | undefined;
  #size = 0;

  constructor(path: RealPath, maxBytes: number) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    mkdirSync(dirname(path), { recursive: true });
    this.#open();
  }

  write(text: string): void {
    const bytes = Buffer.from(text);
    if (this.#size > 0 && this.#size + bytes.length > this.#maxBytes) this.#rotate();
    if (this.#fd === undefined) this.#open();
    this.#append(bytes);
  }

  #append(bytes: Buffer): void {
    try {
      for (let at = 0; at < bytes.length && this.#fd !== undefined; ) at += writeSync(this.#fd, bytes, at);
      this.#size += bytes.length;
    } catch {
      // A full disk costs lines of the log, not the mount: there is nowhere to report it to.
    }
  }

  #open(): void {
    try {
      this.#fd = openSync(this.#path, 'a', 0o644);
      this.#size = fstatSync(this.#fd).size;
    } catch (error) {
      // A log that cannot be opened at the start is a wrong state directory; later it is a full disk.
      if (this.#size === 0) throw error;
    }
  }

  #rotate(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
    try {
      for (let number = KEPT - 1; number >= 1; number -= 1)
        renameIfThere(`${this.#path}.${number}`, `${this.#path}.${number + 1}`);
      renameIfThere(this.#path, `${this.#path}.1`);
    } catch {
      // Then the log grows on where it is, until renaming works.
    }
  }
}

function renameIfThere(from: string, to: string): void {
  try {
    renameSync(from, to);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
  }
}
