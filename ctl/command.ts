/**
 * The shape of a subcommand: what yargs needs to parse it, and a function from its
 * arguments to an outcome. Printing, exit codes and JSON are the caller's business.
 */

import type { ArgumentsCamelCase, Argv } from 'yargs';
import type { ProxyfsError } from '../src/base/error.js';
import type { Terminal } from './terminal.js';

/** Options that every command has. */
export interface CommonArguments {
  readonly json: boolean;
  readonly project: string | undefined;
}

export interface Command<Arguments> {
  /** Name and positionals in the notation of yargs: `ls [dir]`. */
  readonly usage: string;
  /** Shown in `--help` where the notation of yargs cannot say it. */
  readonly synopsis?: string;
  readonly summary: string;
  /** Command line and what it does, for `--help`. */
  readonly examples: readonly (readonly [string, string])[];
  /** Options that may be given more than once: they come as a list then. */
  readonly repeatable?: readonly (string & keyof Arguments)[];
  options(yargs: Argv<CommonArguments>): Argv<CommonArguments & Arguments>;
  run(args: ArgumentsCamelCase<CommonArguments & Arguments>, terminal: Terminal): Promise<Outcome>;
}

export interface Outcome {
  /** Printed as one document with `--json`. */
  readonly result: object;
  /** What people read; without the last newline, empty for nothing. */
  text(): string;
  /** The command ran, and this is why it does not exit with 0. */
  readonly error?: ProxyfsError;
  /** With `error`: another exit code than its kind has. Alone: that of a program that ran here and has spoken for itself. */
  readonly exitCode?: number;
}

/** A command whose own argument types are no longer of interest. */
export interface AnyCommand {
  readonly usage: string;
  /** Shown in `--help` where the notation of yargs cannot say it. */
  readonly synopsis?: string;
  readonly summary: string;
  readonly examples: readonly (readonly [string, string])[];
  readonly repeatable: readonly string[];
  options(yargs: Argv<CommonArguments>): Argv<CommonArguments>;
  /** Binds the parsed arguments. */
  bind(args: unknown): (terminal: Terminal) => Promise<Outcome>;
}

export function defineCommand<Arguments>(command: Command<Arguments>): AnyCommand {
  type Parsed = ArgumentsCamelCase<CommonArguments & Arguments>;
  return {
    usage: command.usage,
    ...(command.synopsis === undefined ? {} : { synopsis: command.synopsis }),
    summary: command.summary,
    examples: command.examples,
    repeatable: command.repeatable ?? [],
    options: (yargs) => command.options(yargs),
    // yargs has checked them against `options`; its own types do not say so across a heterogeneous list.
    bind: (args) => (terminal) => command.run(args as Parsed, terminal),
  };
}
