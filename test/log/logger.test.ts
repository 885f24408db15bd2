import { access } from 'node:fs/promises';
import t from 'tap';
import type { RealPath } from '../../src/base/paths.js';
import { createLogger } from '../../src/log/logger.js';

const hasFull = await access('/dev/full').then(
  () => true,
  () => false,
);

t.test(
  'a full disk costs the lines of a log and nothing else',
  hasFull ? {} : { skip: 'needs /dev/full' },
  async (t) => {
    const log = createLogger({ kind: 'file', path: '/dev/full' as RealPath });
    for (let line = 0; line < 20; line += 1) log.error({ line }, 'x'.repeat(10_000));
    await new Promise((resolve) => setTimeout(resolve, 50));
    t.pass('nobody was interrupted');
  },
);
