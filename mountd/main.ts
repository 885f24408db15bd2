#!/usr/bin/env node
/** `proxyfsd`: the daemon that owns one mounted project. Usually started by `proxyfs mount`. */

import process from 'node:process';
import { toProxyfsError } from '../src/base/error.js';
import { EXIT, exitCodeOf } from '../src/base/exit-code.js';
import { endProcess } from '../src/mount/end-process.js';
import { Lifecycle } from './lifecycle.js';
import { parseArguments } from './options.js';
import { claimStderr, tellServiceManager, tellStarter } from './starter.js';

// A working directory below a mount would keep that mount busy for as long as the daemon runs.
const startedIn = process.cwd();
process.chdir('/');

try {
  const { options, ...life } = await parseArguments(process.argv.slice(2), startedIn);
  const lifecycle = new Lifecycle(options, life);
  const record = await lifecycle.start();
  await claimStderr(record.stateDir);
  await tellStarter({ kind: 'ready', record });
  lifecycle.work();
  await tellServiceManager();
  await lifecycle.ended;
  endProcess(EXIT.success);
} catch (thrown) {
  const error = toProxyfsError(thrown);
  process.stderr.write(`proxyfsd: ${error.message}\n`);
  await tellStarter({ kind: 'failed', code: error.code, message: error.message, details: { ...error.details } });
  endProcess(exitCodeOf(error));
}
