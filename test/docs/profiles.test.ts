import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import type { Measured } from '../../scripts/profiles/measure.js';
import { profilesPage } from '../../scripts/profiles/page.js';
import { listProfiles } from '../../src/profiles/profiles.js';

const read = (name: string) => readFile(fileURLToPath(new URL(`../../../docs/${name}`, import.meta.url)), 'utf8');

t.test('the page of profiles is the one that the table makes (scripts/profiles/run writes it)', async (t) => {
  const measured = JSON.parse(await read('profiles-measured.json')) as Measured;
  t.equal(await read('profiles.md'), profilesPage(measured));
  const names = new Set(measured.rows.map(({ profile }) => profile));
  const lacking = listProfiles().filter(({ engine, name }) => engine === 'ffmpeg' && !names.has(name));
  t.same(lacking, [], 'every profile that FFmpeg makes has been measured');
});
