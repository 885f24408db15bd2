/** What the spectator of a tour sees: numbered steps, the commands as typed, findings, tables, a conclusion. */

import { quoteWord } from '../../ctl/output/quote.js';
import { indent } from '../../ctl/output/table.js';
import type { Terminal } from '../../ctl/terminal.js';
import type { ProxyfsError } from '../../src/base/error.js';
import { EXIT, exitCodeOf } from '../../src/base/exit-code.js';

export interface Guide {
  step(title: string): void;
  say(text: string): void;
  /** A command line, before it runs. */
  typed(words: readonly string[]): void;
  /** A claim that was just checked and holds. */
  verified(claim: string): void;
  table(text: string): void;
  /** Says how it ended and returns the exit code. */
  conclude(failure: ProxyfsError | undefined, leftovers: readonly string[]): number;
}

export function createGuide({ stdout, stderr, style }: Terminal): Guide {
  const started = Date.now();
  let steps = 0;
  let claims = 0;
  const print = (text: string) => void stdout.write(`${text}\n`);
  return {
    step: (title) => print(`\n${style.bold(`${++steps}  ${title}`)}`),
    say: (text) => print(`   ${text}`),
    typed: (words) => print(`   ${style.cyan(`$ proxyfs ${words.map(quoteWord).join(' ')}`)}`),
    verified: (claim) => {
      claims += 1;
      print(`   ${style.green('ok')} ${claim}`);
    },
    table: (text) => print(indent(text, '   ')),
    conclude: (failure, leftovers) => {
      const seconds = Math.round((Date.now() - started) / 1000);
      for (const left of leftovers) stderr.write(`${style.red('left behind:')} ${left}\n`);
      if (failure !== undefined) {
        stderr.write(`\n${style.red('not verified:')} ${failure.message}\n`);
        return failure.code === 'internal' ? EXIT.executionFailed : exitCodeOf(failure);
      }
      if (leftovers.length > 0) return EXIT.systemError;
      print(`\n${style.green(style.bold(`All ${claims} claims verified`))} in ${seconds} s; nothing is left behind.`);
      return EXIT.success;
    },
  };
}
