#!/usr/bin/env node
/** The `proxyfs` command; called as `mount.proxyfs` or `mount.fuse.proxyfs` it is the helper of mount(8). */

import { basename } from 'node:path';
import process from 'node:process';
import { runCommandLine } from './cli.js';
import { runMountHelper } from './mount-helper.js';
import { processTerminal } from './terminal.js';

// `proxyfs ls | head` closes the pipe early: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
  process.exit(process.exitCode ?? 0);
});

const calledAs = basename(process.argv[1] ?? '');
const run = calledAs.startsWith('mount.') ? runMountHelper : runCommandLine;
process.exitCode = await run(process.argv.slice(2), processTerminal());
