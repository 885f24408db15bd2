/** The manual of the settings is the table of the settings. */

import { readFile } from 'node:fs/promises';
import t from 'tap';
import { SETTINGS } from '../../src/config/settings.js';

/** What depends on the machine is said in words. */
const DEFAULTS: Readonly<Record<string, string>> = {
  workers: 'a quarter of the cores',
  scanParallelism: 'the cores, 2 to 4',
};

function defaultOf(name: string, fallback: unknown): string {
  if (DEFAULTS[name] !== undefined) return DEFAULTS[name];
  if (fallback === undefined || (Array.isArray(fallback) && fallback.length === 0)) return 'none';
  return `\`${fallback === 2 * 1024 ** 3 ? '2G' : String(fallback)}\``;
}

t.test('every setting has its row in the manual, with type, default and reason', async (t) => {
  const text = await readFile(new URL('../../../docs/settings.md', import.meta.url), 'utf8');
  const rows = Object.entries(SETTINGS).map(
    ([name, { env, type, fallback, sentence }]) =>
      `| \`${env}\` | ${type.replaceAll('|', '\\|')} | ${defaultOf(name, fallback)} | ${sentence} |`,
  );
  for (const row of rows) t.ok(text.includes(`${row}\n`), row);
  t.equal(
    text.split('\n').filter((line) => line.startsWith('| `PROXYFS_')).length,
    rows.length + 1,
    'and PROXYFS_DEBUG',
  );
});
