// Adds up the TAP files of a test run and prints the closing line. A test is a named
// block in a test file, or a top-level point of a native test. Exits 1 when one failed
// or none ran. Skipped tests are listed with their reason.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { Parser } from 'tap-parser';

const results = process.argv[2] ?? '.';
const total = { passed: 0, failed: 0, skipped: 0 };
const failures = [];

for (const name of readdirSync(results).filter((file) => file.endsWith('.tap'))) {
  const text = readFileSync(join(results, name), 'utf8');
  const parser = new Parser();
  watch(parser, [], name === 'native.tap' ? 0 : 1);
  parser.end(text);
  if (!parser.ok && !parser.results?.failures?.length && total.failed === 0) note(false, `${name} is not whole`);
}

for (const failure of failures) process.stdout.write(`not ok: ${failure}\n`);
process.stdout.write(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`);
process.exit(total.failed > 0 || total.passed === 0 ? 1 : 0);

/** Counts the points `depth` levels below the top: files are on top, their tests below. */
function watch(parser, path, depth) {
  parser.on('child', (child) => watch(child, [...path, child.name], depth - 1));
  parser.on('bailout', (reason) => note(false, `${path.join(' > ')} bailed out: ${reason}`));
  parser.on('assert', (point) => {
    // A file that failed without a failing test in it (a crash, a timeout) still counts.
    const crashed = depth > 0 && !point.ok && !failures.some((failure) => failure.startsWith(point.name));
    if (depth === 0 || crashed) count(point, [...path, point.name]);
  });
}

function count(point, path) {
  if (point.skip || point.todo) {
    total.skipped += 1;
    process.stdout.write(`skipped: ${path.filter(Boolean).join(' > ')} (${point.skip || point.todo})\n`);
    return;
  }
  note(point.ok, path.filter(Boolean).join(' > '));
}

function note(ok, what) {
  if (ok) total.passed += 1;
  else {
    total.failed += 1;
    failures.push(what);
  }
}
