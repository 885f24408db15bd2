/**
 * Where proxyfs keeps its files, after the XDG base directory specification.
 *
 * - state (`$XDG_STATE_HOME/proxyfs/<project>`): catalog, logs, project.json, pool
 * - runtime (`$XDG_RUNTIME_DIR/proxyfs`, else a directory of the user's own in /run or the
 *   temporary directory): control sockets and the records of running daemons
 */

import { createHash } from 'node:crypto';
import { homedir, tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import type { ProjectId } from '../base/ids.js';
import type { RealPath } from '../base/paths.js';

export interface Locations {
  readonly stateDir: RealPath;
  readonly poolDir: RealPath;
  readonly catalogFile: RealPath;
  readonly logFile: RealPath;
}

export interface LocationOptions {
  readonly stateDir?: RealPath | undefined;
  readonly poolDir?: RealPath | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** The id of a project: its source, and its state directory when that is not the default one. */
export function projectIdOf(source: RealPath, stateDir?: RealPath): ProjectId {
  const text = stateDir === undefined ? source : `${source}\0${stateDir}`;
  return createHash('sha256').update(text).digest('hex').slice(0, 16) as ProjectId;
}

export function locationsOf(project: ProjectId, options: LocationOptions, env: Environment = process.env): Locations {
  const stateDir = options.stateDir ?? (join(stateHome(env), project) as RealPath);
  return {
    stateDir,
    poolDir: options.poolDir ?? (join(stateDir, 'pool') as RealPath),
    catalogFile: join(stateDir, 'catalog.db') as RealPath,
    logFile: join(stateDir, 'proxyfsd.log') as RealPath,
  };
}

/** Where the state directories of projects are by default. */
export function stateHome(env: Environment = process.env): RealPath {
  return join(env['XDG_STATE_HOME'] ?? join(homedir(), '.local', 'state'), 'proxyfs') as RealPath;
}

/** Directory of sockets and records; the caller creates it with mode 0700. */
export function runtimeDir(env: Environment = process.env): RealPath {
  if (env['XDG_RUNTIME_DIR']) return join(env['XDG_RUNTIME_DIR'], 'proxyfs') as RealPath;
  const { uid } = userInfo();
  return (uid === 0 ? '/run/proxyfs' : join(tmpdir(), `proxyfs-${uid}`)) as RealPath;
}
