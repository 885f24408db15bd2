// What no formatter here checks: C++, shell and Markdown sources have no tabs for
// indentation (Makefiles apart), no trailing blanks, lines of bearable length, and an end of line at the end.

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import process from 'node:process';

const LONGEST = 120;
const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  encoding: 'utf8',
})
  .split('\0')
  .filter((path) => /\.(h|cc|md|mjs|sh)$|^scripts\/[a-z-]+$|^\.ci\//.test(path) && existsSync(path));
const faults = [];

for (const path of files) {
  const text = readFileSync(path, 'utf8');
  if (!text.endsWith('\n')) faults.push(`${path}: no end of line at the end`);
  text.split('\n').forEach((line, index) => {
    const at = `${path}:${index + 1}`;
    if (/[ \t]$/.test(line)) faults.push(`${at}: trailing blank`);
    if (/^\t/.test(line)) faults.push(`${at}: tab as indentation`);
    if (/\.(h|cc)$/.test(path) && line.length > LONGEST) faults.push(`${at}: ${line.length} characters`);
  });
}

for (const fault of faults) process.stderr.write(`${fault}\n`);
if (faults.length > 0) process.exit(1);
process.stdout.write(`text: ${files.length} files in order\n`);
