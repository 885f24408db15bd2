#!/usr/bin/env node
/** The `proxyfs` command. */

import process from 'node:process';
import { runCommandLine } from './cli.js';
import { processTerminal } from './terminal.js';

// `proxyfs ls | head` closes the pipe early: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(process.exitCode ?? 0);
});

process.exitCode = await runCommandLine(process.argv.slice(2), processTerminal());
