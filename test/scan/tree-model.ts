/** A tree in which anything may happen, by a seed, and what a catalog of it must say in the end. */

import { createHash } from 'node:crypto';
import {
  appendFileSync,
  existsSync,
  linkSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { VirtualPath } from '../../src/base/paths.js';
import type { Catalog } from '../../src/catalog/catalog.js';
import { isCandidateName } from '../../src/scan/names.js';

const NAMES = ['a', 'b', 'c', 'd'];
const FILES = ['1.mov', '2.mov', '3.mxf', '4.mp4', 'notes.txt'];

export class TreeModel {
  steps = 0;
  #state: number;

  constructor(
    readonly root: string,
    seed: number,
  ) {
    this.#state = seed + 1;
  }

  /** An integer from 0 up to, not including, `limit`. */
  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * limit);
  }

  /** One random change; returns the paths it concerns. */
  step(): readonly string[] {
    this.steps += 1;
    const [from, to] = [this.#path(), this.#path()];
    try {
      return this.#act(this.below(100), from, to).filter((path) => path !== '.');
    } catch {
      // What cannot be done in this state of the tree (a folder into itself) is no change.
      return [];
    }
  }

  files(): readonly string[] {
    return readdirSync(this.root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && isCandidateName(entry.name))
      .map((entry) => join(entry.parentPath, entry.name).slice(this.root.length + 1))
      .sort();
  }

  /** Where the catalog is not like the tree: names, then what is known of the files. */
  differences(catalog: Catalog): { names: string[]; contents: string[] } {
    const there = new Set(this.files());
    const known = new Map(catalog.names('' as VirtualPath).map(({ id, path }) => [path as string, id]));
    const names = [...there].filter((path) => !known.has(path)).map((path) => `missing ${path}`);
    for (const path of known.keys()) if (!there.has(path)) names.push(`too much ${path}`);
    const contents = [...known].flatMap(([path, id]) => this.#differs(path, catalog.get(id)));
    return { names, contents };
  }

  #differs(path: string, asset: ReturnType<Catalog['get']>): readonly string[] {
    const real = join(this.root, path);
    if (asset === undefined || !existsSync(real)) return [`gone ${path}`];
    const stat = lstatSync(real, { bigint: true });
    if (asset.identity.ino !== stat.ino) return [`another file ${path}`];
    if (asset.master.size !== stat.size || asset.master.mtimeNs !== stat.mtimeNs) return [`changed ${path}`];
    if (asset.eligibility.kind !== 'eligible') return [`${asset.eligibility.reason} ${path}`];
    return asset.fingerprint === readFileSync(real, 'utf8') ? [] : [`examined too early ${path}`];
  }

  #act(what: number, from: string, to: string): readonly string[] {
    const [source, target] = [join(this.root, from), join(this.root, to)];
    const content = createHash('sha1').update(`${this.#state}`).digest('hex');
    if (what < 25) {
      mkdirSync(dirname(source), { recursive: true });
      writeFileSync(source, content);
      return [from];
    }
    if (what < 40) {
      appendFileSync(source, content);
      return [from];
    }
    if (what < 60) {
      mkdirSync(dirname(target), { recursive: true });
      renameSync(source, target);
      return [from, to];
    }
    if (what < 72) return this.#moveFolder(dirname(from), dirname(to));
    if (what < 82) return this.#growTree(dirname(from), content);
    if (what < 90) {
      rmSync(source);
      return [from];
    }
    if (what < 93) {
      if (dirname(from) !== '.') rmSync(dirname(source), { recursive: true });
      return [dirname(from)];
    }
    if (what < 95) {
      linkSync(source, target);
      return [from, to];
    }
    if (what < 97) {
      symlinkSync(source, target);
      return [to];
    }
    utimesSync(source, 1000 + this.below(1000), 1000);
    return [from];
  }

  /** Also into others, in place of empty ones, and out of the tree and back. */
  #moveFolder(from: string, to: string): readonly string[] {
    if (from === '.' || to === '.') return [];
    const outside = `${this.root}.outside`;
    const isAway = this.below(3) === 0;
    mkdirSync(dirname(join(this.root, to)), { recursive: true });
    if (isAway) renameSync(join(this.root, from), outside);
    try {
      renameSync(isAway ? outside : join(this.root, from), join(this.root, to));
    } finally {
      rmSync(outside, { recursive: true, force: true });
    }
    return [from, to];
  }

  /** A card that is copied: folders and files faster than anybody can follow. */
  #growTree(below: string, content: string): readonly string[] {
    const top = join(below, `card${this.below(3)}`);
    for (const name of NAMES) {
      mkdirSync(join(this.root, top, name, 'deep'), { recursive: true });
      writeFileSync(join(this.root, top, name, 'deep', '1.mov'), `${content}${name}`);
    }
    if (this.below(2) === 0) renameSync(join(this.root, top), join(this.root, `${top}-renamed`));
    return [join(top), join(`${top}-renamed`)];
  }

  #path(): string {
    const depth = this.below(4);
    const folders = Array.from({ length: depth }, () => NAMES[this.below(NAMES.length)] ?? 'a');
    return join(...folders, FILES[this.below(FILES.length)] ?? '1.mov');
  }
}
