// Builds the two native parts: better-sqlite3 and the data plane in native/.
//
// better-sqlite3's own install script aborts the whole installation where only a
// package registry can be reached, so it is denied (allowScripts) and done here:
// from the user's cache, else as its prebuilt download, else compiled. `npm ci`
// wipes node_modules, hence the cache, keyed by version, ABI, platform and architecture.

import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, renameSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const cacheHome = process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache');

buildSqlite();
buildDataPlane();

function buildSqlite() {
  const folder = join(root, 'node_modules', 'better-sqlite3');
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const built = join(folder, 'build', 'Release', 'better_sqlite3.node');
  const key = `better-sqlite3-${version}-abi${process.versions.modules}-${process.platform}-${process.arch}.node`;
  const cached = join(cacheHome, 'proxyfs', 'native', key);
  if (existsSync(built) && loads(built)) return;
  if (existsSync(cached) && loads(cached)) {
    copyInto(cached, built);
    return;
  }
  if (!download(folder, built)) nodeGyp(folder, 'better-sqlite3');
  if (!loads(built)) fail(`better-sqlite3 was built, but ${built} does not load`);
  copyInto(built, cached);
}

function buildDataPlane() {
  nodeGyp(join(root, 'native'), 'the data plane');
}

function download(folder, built) {
  const installer = join(root, 'node_modules', 'prebuild-install', 'bin.js');
  if (!existsSync(installer)) return false;
  const done = spawnSync(process.execPath, [installer], { cwd: folder, stdio: 'ignore', timeout: 60_000 });
  return done.status === 0 && existsSync(built) && loads(built);
}

/** Runs npm's own node-gyp, with the headers that came with this Node where they exist. */
function nodeGyp(folder, what) {
  const script = process.env.npm_config_node_gyp ?? nodeGypOfNpm();
  const prefix = dirname(dirname(process.execPath));
  const headers = existsSync(join(prefix, 'include', 'node', 'node.h')) ? [`--nodedir=${prefix}`] : [];
  const args = [script, 'configure', 'build', '--release', '-j', 'max', ...headers];
  const done = spawnSync(process.execPath, args, { cwd: folder, encoding: 'utf8' });
  if (done.status === 0) return;
  process.stderr.write(`${done.stdout ?? ''}${done.stderr ?? ''}\n`);
  fail(`${what} could not be compiled; it needs a C++ compiler, make and python3 (Debian: g++ make python3)`);
}

function nodeGypOfNpm() {
  const prefix = dirname(dirname(process.execPath));
  const candidates = [
    join(prefix, 'lib', 'node_modules', 'npm'),
    join(prefix, 'share', 'nodejs', 'npm'),
    join(dirname(process.execPath), 'node_modules', 'npm'),
  ].map((npm) => join(npm, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js'));
  return (
    candidates.find((path) => existsSync(path)) ??
    fail("npm's node-gyp was not found; run this through npm: npm run install")
  );
}

function loads(path) {
  const probe = spawnSync(process.execPath, ['-e', `process.dlopen({exports: {}}, ${JSON.stringify(path)})`]);
  return probe.status === 0;
}

function copyInto(from, to) {
  mkdirSync(dirname(to), { recursive: true });
  const part = `${to}.${process.pid}.part`;
  copyFileSync(from, part);
  renameSync(part, to);
}

function fail(message) {
  process.stderr.write(`proxyfs: ${message}\n`);
  process.exit(1);
}
