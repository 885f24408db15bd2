/** The manual of the settings is the table of the settings. */

import { readFile } from 'node:fs/promises';
import t from 'tap';
import { settingsManual } from '../../src/config/manual.js';

t.test('the manual is what the table says (node scripts/settings-manual.mjs writes it)', async (t) => {
  t.equal(await readFile(new URL('../../../docs/settings.md', import.meta.url), 'utf8'), settingsManual());
});
