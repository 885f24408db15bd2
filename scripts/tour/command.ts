/** Runs the real `proxyfs` command: shown in this terminal, or with its JSON captured. */

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { ProxyfsError } from '../../src/base/error.js';

const PROXYFS = fileURLToPath(new URL('../../ctl/main.js', import.meta.url));

export interface Captured {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Command {
  /** In this terminal, as typed; rejects unless the exit code is 0 or in `also`. */
  show(argv: readonly string[], options?: { cwd?: string; also?: readonly number[] }): Promise<number>;
  capture(argv: readonly string[], options?: { cwd?: string }): Promise<Captured>;
  /** The one JSON document of a command that must succeed. */
  ask(argv: readonly string[], options?: { cwd?: string }): Promise<unknown>;
  /** Waits for commands that still run; they got the Ctrl-C as well. */
  endAll(): Promise<void>;
}

export function createCommand(env: NodeJS.ProcessEnv): Command {
  const running = new Map<ChildProcess, Promise<number>>();
  const start = (argv: readonly string[], cwd: string | undefined, stdio: 'inherit' | 'pipe') => {
    const child = spawn(process.execPath, [PROXYFS, ...argv], { cwd, env, stdio: ['ignore', stdio, stdio] });
    const ended = new Promise<number>((resolve, reject) => {
      child.once('error', reject).once('close', (code) => resolve(code ?? 4));
    }).finally(() => running.delete(child));
    running.set(child, ended);
    return { child, ended };
  };
  const capture: Command['capture'] = async (argv, options = {}) => {
    const { child, ended } = start(argv, options.cwd, 'pipe');
    const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
    return { exitCode: await ended, stdout: stdout(), stderr: stderr() };
  };
  return {
    show: async (argv, options = {}) => {
      const exitCode = await start(argv, options.cwd, 'inherit').ended;
      if (exitCode !== 0 && !options.also?.includes(exitCode)) throw failed(argv, exitCode);
      return exitCode;
    },
    capture,
    ask: async (argv, options = {}) => {
      const { exitCode, stdout, stderr } = await capture([...argv, '--json'], options);
      if (exitCode !== 0) throw failed(argv, exitCode, stderr || stdout);
      return JSON.parse(stdout);
    },
    endAll: async () => {
      await Promise.allSettled(running.values());
    },
  };
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = [];
  stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8');
}

function failed(argv: readonly string[], exitCode: number, said = ''): ProxyfsError {
  const message = `'proxyfs ${argv.join(' ')}' ended with exit code ${exitCode}${said && `: ${said.trim()}`}`;
  return new ProxyfsError('internal', message);
}
