#!/usr/bin/env node
/** The `proxyfs` command; called as `mount.proxyfs` or `mount.fuse.proxyfs` it is the helper of mount(8). */

import { basename } from 'node:path';
import process from 'node:process';
import { EXIT } from '../src/base/exit-code.js';
import { runCommandLine } from './cli.js';
import { runMountHelper } from './mount-helper.js';
import { processTerminal } from './terminal.js';

// `proxyfs ls | head` closes the pipe early: that is no failure. A full disk below `> FILE` is one of the machine.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? 0);
  process.stderr.write(
    `proxyfs: standard output cannot be written (${error.code ?? error.message}): make room, or send it elsewhere\n`,
  );
  process.exit(EXIT.systemError);
});

const calledAs = basename(process.argv[1] ?? '');
const run = calledAs.startsWith('mount.') ? runMountHelper : runCommandLine;
process.exitCode = await run(process.argv.slice(2), processTerminal());
