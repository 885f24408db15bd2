// The layers of native/: an #include only ever points downward, and only binding/ knows N-API.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const native = join(dirname(dirname(fileURLToPath(import.meta.url))), 'native');
const LAYERS = ['wire', 'fs', 'session', 'binding'];
const broken = [];

for (const [level, layer] of LAYERS.entries()) {
  for (const name of readdirSync(join(native, layer)).filter((file) => /\.(h|cc)$/.test(file))) {
    const text = readFileSync(join(native, layer, name), 'utf8');
    for (const [, target = ''] of text.matchAll(/^#include\s+[<"]([^>"]+)[>"]/gm)) {
      const above = LAYERS.indexOf(target.split('/')[0] ?? '');
      if (above > level) broken.push(`native/${layer}/${name} includes ${target}, a layer above it`);
      if (target.includes('napi') && layer !== 'binding')
        broken.push(`native/${layer}/${name} includes ${target}; only binding/ may`);
      if (layer === 'wire' && /^(sys\/|unistd|fcntl|dirent)/.test(target))
        broken.push(`native/wire/${name} includes ${target}; wire makes no system calls`);
    }
  }
}

for (const line of broken) process.stderr.write(`${line}\n`);
if (broken.length > 0) process.exit(1);
process.stdout.write('native layers: every include points downward\n');
