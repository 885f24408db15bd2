/**
 * `proxyfs.toml`: settings by their keys, and in the user's file sections for single projects.
 * The only importer of the TOML parser.
 *
 * Promises: a file is taken whole or refused with its name, line and the way out; a key that
 * is not known is never passed over; nothing that runs programs or chooses a place is taken
 * from a file that somebody else could have written.
 */

import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { parse, TomlError } from 'smol-toml';
import { ProxyfsError } from '../base/error.js';
import { nearestName } from '../base/nearest.js';
import { checkValue, type Layer } from './read-settings.js';
import { keyOf } from './setting.js';
import { SETTING_NAMES, type SettingName, settingByKey, settingOf } from './settings.js';

export interface SettingsFile {
  readonly path: string;
  readonly values: Layer['values'];
  /** By the path of the project's source. */
  readonly projects: ReadonlyMap<string, Layer['values']>;
}

export interface FileKind {
  readonly kind: 'project' | 'user';
  /** What relative paths count from; without one they are refused. */
  readonly base?: string | undefined;
  /** Why the file is not trusted; undefined when it is. */
  readonly distrust?: string | undefined;
}

const KEYS = SETTING_NAMES.map((name) => keyOf(settingOf(name)));
const SECTION = 'project';

/** Throws `config/invalid`. */
export function parseSettingsFile(path: string, text: string, kind: FileKind): SettingsFile {
  const table = parseToml(path, text);
  const lines = new Lines(path, text);
  const { [SECTION]: sections, ...top } = table;
  const values = valuesOf(top, lines, undefined, kind);
  if (sections === undefined) return { path, values, projects: new Map() };
  if (kind.kind === 'project') {
    throw invalid(`${lines.of(undefined, SECTION)}: sections for projects belong into the user's file, not here`);
  }
  if (!isTable(sections)) throw invalid(`${lines.of(undefined, SECTION)}: write [project."/path/of/the/source"]`);
  return { path, values, projects: projectsOf(sections, lines, kind) };
}

function projectsOf(sections: Readonly<Record<string, unknown>>, lines: Lines, kind: FileKind) {
  const projects = new Map<string, Layer['values']>();
  for (const [source, section] of Object.entries(sections)) {
    const where = lines.ofSection(source);
    if (!isTable(section)) throw invalid(`${where}: write [project."/path/of/the/source"]`);
    if (!isAbsolute(expandHome(source))) {
      throw invalid(`${where}: '${source}' is no absolute path: write [project."/path/of/the/source"], in quotes`);
    }
    projects.set(resolve(expandHome(source)), valuesOf(section, lines, source, kind));
  }
  return projects;
}

function valuesOf(
  table: Readonly<Record<string, unknown>>,
  lines: Lines,
  section: string | undefined,
  kind: FileKind,
): Layer['values'] {
  const values = new Map<SettingName, { value: unknown; where: string }>();
  for (const [key, given] of Object.entries(table)) {
    const where = lines.of(section, key);
    const name = settingByKey(key);
    if (name === undefined) throw unknownKey(key, where, section, kind);
    values.set(name, { value: takeValue(name, given, where, kind), where });
  }
  return values;
}

function takeValue(name: SettingName, given: unknown, where: string, { base, distrust }: FileKind): unknown {
  const setting = settingOf(name);
  const key = keyOf(setting);
  if (setting.needsTrust && distrust !== undefined) {
    const wayOut = "say it in the user's file, or make the file and its folder writable for their owner alone";
    throw invalid(`${where}: '${key}' is not taken from this file, since ${distrust}: ${wayOut}`);
  }
  const value = checkValue(setting, given, `${where}: '${key}'`);
  if (!setting.isPath || typeof value !== 'string') return value;
  const path = expandHome(value);
  if (isAbsolute(path)) return path;
  if (base === undefined) throw invalid(`${where}: '${key}' has to be an absolute path, or begin with ~/`);
  return join(base, path);
}

function unknownKey(key: string, where: string, section: string | undefined, kind: FileKind): ProxyfsError {
  const hasSections = section === undefined && kind.kind === 'user';
  const near = nearestName(key, hasSections ? [...KEYS, SECTION] : KEYS);
  const guess = near === undefined ? '' : `, did you mean '${near}'`;
  return invalid(`${where}: there is no setting '${key}'${guess}; 'proxyfs config' lists them all`);
}

function parseToml(path: string, text: string): Readonly<Record<string, unknown>> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason = ''] = error.message.replace(/^Invalid TOML document: /, '').split('\n');
    throw new ProxyfsError('config/invalid', `${path}:${error.line}: this is not TOML (${reason}): correct it there`, {
      cause: error,
    });
  }
}

/** Where keys stand, for messages; the parser does not say. */
class Lines {
  readonly #lines: readonly string[];

  constructor(
    readonly path: string,
    text: string,
  ) {
    this.#lines = text.split('\n');
  }

  of(section: string | undefined, key: string): string {
    const quoted = key.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
    const isKey = new RegExp(`^\\s*(["']?)${quoted}\\1\\s*[=.]`);
    const header = section === undefined ? -1 : this.#headerOf(section);
    for (let at = header + 1; at < this.#lines.length; at += 1) {
      const line = this.#lines[at] ?? '';
      if (isKey.test(line)) return `${this.path}:${at + 1}`;
      if (/^\s*\[/.test(line)) break;
    }
    const asTable = this.#lines.findIndex((line) =>
      new RegExp(`^\\s*\\[+\\s*["']?${quoted}["']?\\s*[\\].]`).test(line),
    );
    return asTable === -1 ? this.path : `${this.path}:${asTable + 1}`;
  }

  ofSection(section: string): string {
    const header = this.#headerOf(section);
    return header === -1 ? this.path : `${this.path}:${header + 1}`;
  }

  #headerOf(section: string): number {
    return this.#lines.findIndex((line) => /^\s*\[\s*project\s*\./.test(line) && line.includes(section));
  }
}

function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !(value instanceof Date) && !Array.isArray(value);
}

function expandHome(path: string): string {
  return path === '~' || path.startsWith('~/') ? join(homedir(), path.slice(1)) : path;
}

function invalid(message: string): ProxyfsError {
  return new ProxyfsError('config/invalid', message);
}
