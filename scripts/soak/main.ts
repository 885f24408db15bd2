/**
 * Soak: many opens and flips, then the sizes of everything again. What grows with them is a leak, and the exit code
 * says so.
 *
 * usage: scripts/soak/run [--daemon] [--opens N] [--flips N] [--samples FILE]
 *
 * Without --daemon it is the native driver alone, which can take a million opens; with it the whole daemon, commanded
 * as people and programs do. FILE gets one JSON object a line, so that growth can be told from a plateau.
 */

import process from 'node:process';
import { parseArgs } from 'node:util';
import { soakDaemon } from './daemon.js';
import { soakDriver } from './driver.js';

const { values: args } = parseArgs({
  options: {
    daemon: { type: 'boolean', default: false },
    opens: { type: 'string', default: '1000000' },
    flips: { type: 'string', default: '10000' },
    samples: { type: 'string' },
  },
});
const load = { opens: Number(args.opens), flips: Number(args.flips), samples: args.samples };
const leaks = await (args.daemon ? soakDaemon(load) : soakDriver(load));
process.stdout.write(leaks.length === 0 ? 'nothing leaked\n' : `leaked: ${leaks.join(', ')}\n`);
process.exitCode = leaks.length === 0 ? 0 : 1;
