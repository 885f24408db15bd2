import { chmod, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import t from 'tap';
import { isErrorCode } from '../../src/base/error.js';
import { checkProfile } from '../../src/jobspec/check-profile.js';
import { TOKENS } from '../../src/jobspec/name-template.js';
import { parseJobSpec, parseValue } from '../../src/jobspec/parse-spec.js';
import { clipResultSchema, jobResultSchema } from '../../src/jobspec/result.js';
import { FIELD_TABLE, SPEC_VERSIONS } from '../../src/jobspec/spec-schema.js';
import { matches, openShell, parseExamples } from '../fixtures/console-document.js';
import { hasFfmpeg, makeClip } from '../fixtures/media.js';
import { PROXYFS } from '../fixtures/run-proxyfs.js';

t.setTimeout(240_000);
const DOCS = fileURLToPath(new URL('../../../docs/', import.meta.url));
const text = await readFile(join(DOCS, 'jobspec.md'), 'utf8');

t.test('every example of docs/jobspec.md prints what the document says', await skipped(), async (t) => {
  const root = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-jobspec-')));
  t.teardown(() => rm(root, { recursive: true, force: true }));
  const shell = openShell(root, await prepare(root));
  t.teardown(() => shell.end());
  const examples = parseExamples(text);
  t.ok(examples.length > 15, 'the document has examples');
  for (const { line, command, expected } of examples) {
    const { output } = await shell.run(command);
    const isRight = matches(expected, output);
    t.ok(isRight, `line ${line}: ${command}`, isRight ? {} : { expected, output });
  }
  const left = (await readdir(root, { recursive: true })).filter((name) => /\.proxyfs-job/.test(name));
  t.strictSame(left, [], 'no work is left behind');
});

t.test('docs/jobspec.md names every field, spelling, token, version and member there is', async (t) => {
  const fields = Object.entries(FIELD_TABLE).flatMap(([name, { alias }]) => [name, ...(alias ? [alias] : [])]);
  for (const field of fields) t.match(text, new RegExp(`\\| .*\`${field}\`.* \\|`), field);
  for (const token of TOKENS) t.ok(text.includes(`\`{${token}}\``), token);
  for (const version of SPEC_VERSIONS) t.ok(text.includes(`\`"${version}"\``), version);
  const result = section('## The result');
  const members = [...Object.keys(jobResultSchema.shape), ...Object.keys(clipResultSchema.shape)];
  const plain = ['result_version', 'interrupted', 'clips', 'index', 'source', 'master', 'output', 'engine'];
  for (const member of members.filter((name) => !plain.includes(name))) t.match(result, `\`${member}\``, member);
  const codes = [...section('## When something fails').matchAll(/`([a-z]+\/[a-z-]+)`/g)].map(([, code]) => code);
  t.ok(codes.length > 4);
  for (const code of codes) t.ok(isErrorCode(code), `there is a code ${code}`);
});

t.test('the table for specs without a profile is true, and so are the examples', async (t) => {
  const rows = [...section('## Specs without').matchAll(/^\| `(\w+)` \| `(\w+)` \| `(\w+)` \| `(\w+)` \|$/gm)];
  t.equal(rows.length, 5);
  for (const [row, codec, container, resolution, name] of rows) {
    const { draft } = parseValue({ codec, container, resolution, proxy_profile: name });
    t.strictSame(checkProfile(draft).violations, [], row);
    t.match(checkProfile({ ...draft, proxy_profile: undefined }).hint, name, row);
  }
  for (const name of await readdir(join(DOCS, 'examples'))) {
    const parsed = parseJobSpec(await readFile(join(DOCS, 'examples', name)));
    t.equal(parsed.ok, !/^(wrong|without-profile)\./.test(name), name);
    t.ok(text.includes(name), `the document uses ${name}`);
  }
});

/** From a heading to the next one of its level. */
function section(heading: string): string {
  const from = text.indexOf(heading);
  const end = text.indexOf('\n## ', from + 1);
  return text.slice(from, end === -1 ? undefined : end);
}

async function skipped() {
  return (await hasFfmpeg()) ? {} : { skip: 'ffmpeg is not installed' };
}

/** `media/`, `out/`, the specs of `docs/examples`, and a `proxyfs` on the PATH. */
async function prepare(root: string): Promise<NodeJS.ProcessEnv> {
  const bin = join(root, '.bin');
  for (const name of ['media', 'out', '.bin', '.run']) await mkdir(join(root, name));
  await makeClip(join(root, 'media'), 'A001_C001.mov', { frames: 6, timecode: '01:00:00:00' });
  await makeClip(join(root, 'media'), 'A001_C002.mov', { frames: 4 });
  for (const name of await readdir(join(DOCS, 'examples'))) {
    const spec = await readFile(join(DOCS, 'examples', name), 'utf8');
    await writeFile(join(root, name), spec.replaceAll('/raid', root));
  }
  await chmod(PROXYFS, 0o755);
  await symlink(PROXYFS, join(bin, 'proxyfs'));
  const path = [bin, join(process.execPath, '..'), process.env['PATH'] ?? ''].join(delimiter);
  return { ...process.env, PATH: path, XDG_RUNTIME_DIR: join(root, '.run'), LC_ALL: 'C' };
}
