/** Writes docs/profiles.md; with `--measure` measures first. Run by `scripts/profiles/run`. */

import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Measured, measure } from './measure.js';
import { profilesPage } from './page.js';

const at = (name: string) => fileURLToPath(new URL(`../../../docs/${name}`, import.meta.url));
const [figures, page] = [at('profiles-measured.json'), at('profiles.md')];

if (process.argv.includes('--measure')) {
  const measured = await measure((line) => process.stderr.write(`${line}\n`));
  await writeFile(figures, `${JSON.stringify(measured, null, 2)}\n`);
}
await writeFile(page, profilesPage(JSON.parse(await readFile(figures, 'utf8')) as Measured));
