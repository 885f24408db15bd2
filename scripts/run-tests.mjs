// Runs the compiled tap tests (dist/test), keeps their TAP, and prints a line per file;
// of what fails it prints everything TAP says.
// usage: run-tests.mjs RESULTS [NAME...]

import { spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { Parser } from 'tap-parser';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const [results = '.', ...names] = process.argv.slice(2);
const tests = join(root, 'dist', 'test');

const files = readdirSync(tests, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.test.js'))
  .map((entry) => relative(root, join(entry.parentPath, entry.name)))
  .filter((path) => names.length === 0 || names.some((name) => path.includes(name)))
  .sort();

if (files.length === 0) {
  process.stderr.write(`no test matches ${names.join(' ')}\n`);
  process.exit(1);
}

mkdirSync(results, { recursive: true });
const tap = spawn(join(root, 'node_modules', '.bin', 'tap'), ['run', ...files], {
  cwd: root,
  stdio: ['ignore', 'pipe', 'inherit'],
});
const parser = new Parser();
tap.stdout.pipe(createWriteStream(join(results, 'tap.tap')));
tap.stdout.pipe(parser);
parser.on('assert', (file) => {
  const seconds = ((file.time ?? 0) / 1000).toFixed(1).padStart(6);
  process.stdout.write(`${file.ok ? 'ok    ' : 'NOT OK'} ${seconds}s  ${file.name}\n`);
});
explainFailures(parser, []);
tap.on('close', (code) => process.exit(code ?? 1));

function explainFailures(suite, path) {
  suite.on('child', (child) => explainFailures(child, [...path, child.name]));
  suite.on('assert', (point) => {
    if (point.ok || point.skip || point.todo || path.length === 0) return;
    process.stdout.write(`  not ok: ${[...path, point.name].join(' > ')}\n`);
    if (point.diag) process.stdout.write(`${inspect(point.diag, { depth: 6 }).replace(/^/gm, '    ')}\n`);
  });
}
