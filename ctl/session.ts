/**
 * A command's connection to the daemon of the project it means.
 *
 * The project is the one named with --project, else the one a path argument lies
 * in, else the one of the current directory.
 */

import { join } from 'node:path';
import { errnoOf, ProxyfsError } from '../src/base/error.js';
import type { Client } from '../src/control/client.js';
import type { RuntimeRecord } from '../src/control/runtime-record.js';
import type { CommonArguments } from './command.js';
import { baseOf, toProjectPath } from './path-argument.js';
import type { Terminal } from './terminal.js';

export interface Session {
  readonly record: RuntimeRecord;
  readonly client: Client;
  /** The path arguments, project-relative, in their order. */
  readonly paths: readonly string[];
}

export async function withSession<T>(
  args: CommonArguments,
  paths: readonly string[],
  terminal: Terminal,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const cwd = currentDirectory(terminal);
  const { connect } = await import('../src/control/client.js');
  const record = await locate(args.project, paths[0], cwd);
  // Without --project a relative path means what it means to every other command: it counts from here.
  const base = args.project === undefined ? cwd : baseOf(cwd, record);
  const projectPaths = await Promise.all(paths.map((path) => toProjectPath(path, base, record)));
  const client = await connect(record);
  try {
    return await work({ record, client, paths: projectPaths });
  } finally {
    client.close();
  }
}

async function locate(project: string | undefined, path: string | undefined, cwd: string): Promise<RuntimeRecord> {
  const { findProject } = await import('../src/control/discovery.js');
  if (project !== undefined || path === undefined) return await findProject(project, cwd);
  // The path itself, then its folder (it may not exist, behind a link), and last where we are:
  // inside a project an argument from elsewhere gets an error that names both.
  let first: unknown;
  for (const at of [path, join(path, '..'), undefined]) {
    try {
      return await findProject(at, cwd);
    } catch (error) {
      if (!(error instanceof ProxyfsError) || error.code !== 'project/not-found') throw error;
      first ??= error;
    }
  }
  throw first;
}

/** A removed directory has no name any more. */
export function currentDirectory(terminal: Terminal): string {
  try {
    return terminal.cwd();
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    throw new ProxyfsError('request/invalid', 'the current directory no longer exists: go to another one', {
      cause: error,
    });
  }
}
