/**
 * Command line -> what to do. Pure: nothing is printed and nothing runs here.
 * The only place, with the completion it implies, that uses yargs.
 */

import { readFileSync } from 'node:fs';
import yargs, { type Argv } from 'yargs';
import { ProxyfsError } from '../src/base/error.js';
import { nearestName } from '../src/base/nearest.js';
import type { AnyCommand, Outcome } from './command.js';
import type { Terminal } from './terminal.js';

export type Parsed =
  | { readonly kind: 'print'; readonly text: string }
  | { readonly kind: 'run'; readonly run: (terminal: Terminal) => Promise<Outcome> }
  | { readonly kind: 'refused'; readonly error: ProxyfsError };

const EPILOGUE = 'Exit codes: 0 success, 1 invalid request, 2 execution failed, 3 partly done, 4 system error.';

/** Names stay as they are typed: a folder called `001` is no number, and `a.b` is no object. */
const KEEP_WORDS = {
  'parse-numbers': false,
  'parse-positional-numbers': false,
  'dot-notation': false,
} as const;

export function parseCommandLine(argv: readonly string[], commands: readonly AnyCommand[], columns: number): Parsed {
  let run: Parsed | undefined;
  let refused: Parsed | undefined;
  let printed = '';
  let words = 'proxyfs';
  const plain = withoutTerminator(argv);
  const parser = createParser(plain, columns);
  for (const command of commands) {
    parser.command(
      command.usage,
      command.summary,
      (builder) => {
        words = `proxyfs ${nameOf(command)}`;
        return command.options(describe(builder, command));
      },
      (args) => {
        const twice = repeatedOption(args, command);
        if (twice !== undefined) refused ??= { kind: 'refused', error: refusal(`--${twice} is given twice`, words) };
        run = { kind: 'run', run: command.bind(withDashes(args, command, plain)) };
      },
    );
  }
  parser.fail((message, error) => {
    // yargs goes on after a failure, also to the handler; the first thing it found counts.
    refused ??= { kind: 'refused', error: refusal(message ?? error?.message, words, optionsOf(parser)) };
  });
  parser.parse(plain, {}, (_error, _args, output) => {
    printed = output;
  });
  return refused ?? run ?? { kind: 'print', text: printed };
}

function createParser(argv: readonly string[], columns: number) {
  // Without a directory of its own yargs asks for the current one, which may be gone.
  return yargs([...argv], '/')
    .scriptName('proxyfs')
    .usage('$0 COMMAND\n\nServes every media path from a light proxy or from its heavy master.')
    .parserConfiguration(KEEP_WORDS)
    .option('json', { type: 'boolean', default: false, describe: 'Print one JSON document', global: true })
    .option('project', {
      type: 'string',
      requiresArg: true,
      describe: 'The project by source, mount point or id; default: where you are',
      global: true,
    })
    .version(version())
    .help()
    .alias('help', 'h')
    .locale('en')
    .strict()
    .strictCommands()
    .recommendCommands()
    .demandCommand(1, 'Say what to do')
    .epilogue(EPILOGUE)
    .wrap(Math.max(60, Math.min(columns, 110)))
    .exitProcess(false);
}

function describe<T>(builder: Argv<T>, command: AnyCommand): Argv<T> {
  for (const [line, meaning] of command.examples) builder.example(line, meaning);
  return builder.usage(`$0 ${command.synopsis ?? command.usage}\n\n${command.summary}`).demandCommand(0);
}

function nameOf(command: AnyCommand): string {
  return command.usage.split(' ')[0] ?? '';
}

/**
 * What follows `--` is a path, whatever it begins with; yargs would not give it to
 * the positionals. `-a.mov` there means the same as `./-a.mov` before it.
 */
function withoutTerminator(argv: readonly string[]): string[] {
  const end = argv.indexOf('--');
  if (end === -1) return [...argv];
  return [...argv.slice(0, end), ...argv.slice(end + 1).map((word) => (word.startsWith('-') ? `./${word}` : word))];
}

/** A lone `-`, which stands for standard input, comes back from yargs as an empty word. */
function withDashes<T extends object>(args: T, { usage }: AnyCommand, argv: readonly string[]): T {
  if (!argv.includes('-') || argv.includes('')) return args;
  const isPositional = (name: string) => usage.includes(`<${name}`) || usage.includes(`[${name}`);
  const dash = (value: unknown): unknown => (value === '' ? '-' : Array.isArray(value) ? value.map(dash) : value);
  const entries = Object.entries(args).map(([name, value]) => [name, isPositional(name) ? dash(value) : value]);
  return Object.fromEntries(entries) as T;
}

/** yargs makes a list of an option that is given twice, which nobody means but where the command says so. */
function repeatedOption(args: Readonly<Record<string, unknown>>, command: AnyCommand): string | undefined {
  const lists = Object.keys(args).filter((name) => Array.isArray(args[name]) && name !== '_');
  return lists.find((name) => !command.usage.includes(`${name}..`) && !command.repeatable.includes(name));
}

/** By their names; yargs tells it, its types do not. */
function optionsOf(parser: object): readonly string[] {
  const { getOptions } = parser as { getOptions?: () => { key?: object } };
  return Object.keys(getOptions?.call(parser).key ?? {});
}

/** yargs names each twice, as it was typed and as it would stand in a program. */
function unknownOptions(names: readonly string[], options: readonly string[]): string {
  const camel = (name: string) => name.replace(/-+(.)/g, (_, letter: string) => letter.toUpperCase());
  const typed = names.filter((name) => !names.some((other) => other !== name && camel(other) === name));
  const guesses = typed.flatMap((name) => nearestName(name, options) ?? []);
  const guess = guesses.length === 0 ? '' : `, did you mean ${guesses.map((name) => `--${name}`).join(', ')}`;
  return `there is no option ${typed.map((name) => `--${name}`).join(', ')}${guess}`;
}

function plainer(reason: string, words: string, options: readonly string[]): string {
  if (reason.startsWith('Not enough non-option arguments')) return 'an argument is missing';
  const [, option, given, choices] = /^Invalid values: Argument: (\S+), Given: (.*), Choices: (.*)$/.exec(reason) ?? [];
  if (option !== undefined)
    return `'${given?.replaceAll('"', '')}' will not do for ${option}: say ${choices?.replaceAll('"', '').replace(/, (?=[^,]+$)/, ' or ')}`;
  const unknown = /^Unknown arguments?: (.+)$/.exec(reason)?.[1];
  if (unknown !== undefined) return unknownOptions(unknown.split(', '), options);
  const extra = /^Unknown commands?: (.+)$/.exec(reason)?.[1];
  if (extra !== undefined)
    return words === 'proxyfs' ? `there is no command '${extra}'` : `'${extra}' is one word too many`;
  const near = /^Did you mean (.+)$/.exec(reason)?.[1];
  return near === undefined ? reason : `there is no such command, did you mean 'proxyfs ${near}'`;
}

/** yargs explains over several lines; the first that says something is the reason. */
function refusal(message: string | undefined, words: string, options: readonly string[] = []): ProxyfsError {
  const lines = (message ?? 'the command line is not valid').split('\n').filter((line) => line.trim() !== '');
  const reason = lines
    .map((line) => line.trim())
    .join(' ')
    .replace(/[.?]$/, '');
  return new ProxyfsError('request/invalid', `${plainer(reason, words, options)}; see '${words} --help'`);
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  const described: unknown = JSON.parse(text);
  return typeof described === 'object' && described !== null && 'version' in described
    ? String(described.version)
    : 'unknown';
}
