// Removes compiled files whose TypeScript source is gone: a deleted test must not go on running.

import { existsSync, readdirSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, 'dist');

for (const entry of readdirSync(dist, { recursive: true, withFileTypes: true })) {
  if (!entry.isFile() || !/\.js(\.map)?$/.test(entry.name)) continue;
  const compiled = join(entry.parentPath, entry.name);
  const source = join(root, relative(dist, compiled)).replace(/\.js(\.map)?$/, '.ts');
  if (!existsSync(source)) rmSync(compiled);
}
