import t from 'tap';
import { z } from 'zod';
import { DEEPEST_NESTING, LARGEST_DOCUMENT } from '../../src/jobspec/json-document.js';
import { jsonSchemaOf } from '../../src/jobspec/json-schemas.js';
import { parseJobSpec } from '../../src/jobspec/parse-spec.js';

const GOOD = {
  jobspec_version: '2.1',
  sources: ['/raid/a.mov', '/raid/b c.mov'],
  output_dir: '/raid/out',
  output_name_template: '{source_name}_proxy',
  proxy_profile: 'proxy_prores_proxy',
};

const FULL = {
  jobspec_version: '1.0.0',
  job_id: 'night-42',
  created_at: '2024-05-17T09:30:00+02:00',
  sources: ['/a'],
  output_directory: '/out',
  naming_template: 'x',
  proxy_profile: 'edit@half',
  codec: 'prores_proxy',
  container: 'mov',
  resolution: 'same',
  fps_mode: 'preserve_source',
  resolve_preset: 'House',
  user_metadata: { show: 'A', deep: [{ x: 1 }] },
};

const without = (key: string, spec: Record<string, unknown> = GOOD) =>
  Object.fromEntries(Object.entries(spec).filter(([name]) => name !== key));

function violationsOf(input: unknown) {
  const parsed = parseJobSpec(typeof input === 'string' ? input : JSON.stringify(input));
  return parsed.ok ? [] : parsed.violations;
}

/** The members of `allOf` apart: zod takes a strict object and others together for one that is not strict. */
function schemasOf(name: 'jobspec') {
  const { allOf, ...rest } = jsonSchemaOf(name);
  const all = [rest, ...(Array.isArray(allOf) ? allOf : [])];
  return all.map((schema) => z.fromJSONSchema(schema));
}

/** Documents that a schema can judge, with the pointers of what is wrong with them. */
const CASES: readonly (readonly [what: string, document: unknown, pointers: readonly string[]])[] = [
  ['the least', GOOD, []],
  ['everything, in the other spellings', FULL, []],
  ['both spellings that agree', { ...GOOD, output_directory: '/raid/out' }, []],
  ['no object', ['a'], ['']],
  ['null', null, ['']],
  ['nothing', {}, ['/jobspec_version', '/output_dir', '/output_name_template', '/proxy_profile', '/sources']],
  ['no profile', without('proxy_profile'), ['/proxy_profile']],
  ['an empty profile', { ...GOOD, proxy_profile: '' }, ['/proxy_profile']],
  ['an old version', { ...GOOD, jobspec_version: '1.0' }, ['/jobspec_version']],
  ['a version that is a number', { ...GOOD, jobspec_version: 2.1 }, ['/jobspec_version']],
  ['no sources', { ...GOOD, sources: [] }, ['/sources']],
  ['one source as text', { ...GOOD, sources: '/a.mov' }, ['/sources']],
  [
    'relative and wrong sources',
    { ...GOOD, sources: ['/a', 'b.mov', 7, '/c\0'] },
    ['/sources/1', '/sources/2', '/sources/3'],
  ],
  ['a relative folder', { ...GOOD, output_dir: 'out' }, ['/output_dir']],
  ['an empty template', { ...GOOD, output_name_template: '' }, ['/output_name_template']],
  ['another resolution', { ...GOOD, resolution: 'third' }, ['/resolution']],
  ['another rate', { ...GOOD, fps_mode: 'cfr' }, ['/fps_mode']],
  ['a day that does not exist', { ...GOOD, created_at: '2024-02-30T00:00:00Z' }, ['/created_at']],
  ['no time', { ...GOOD, created_at: 'yesterday' }, ['/created_at']],
  ['metadata as a list', { ...GOOD, user_metadata: [1] }, ['/user_metadata']],
  ['a job id with a slash', { ...GOOD, job_id: 'a/b' }, ['/job_id']],
  ['an unknown field', { ...GOOD, proxy_profil: 'x' }, ['/proxy_profil']],
  ['a field that is null', { ...GOOD, codec: null }, ['/codec']],
  ['names of objects in general', { ...GOOD, constructor: 1, toString: 2 }, ['/constructor', '/toString']],
];

t.test('a document is parsed, or each of its violations is named by its place; the schema says the same', async (t) => {
  const schemas = schemasOf('jobspec');
  for (const [what, document, pointers] of CASES) {
    const found = violationsOf(document);
    t.strictSame(found.map(({ pointer }) => pointer).sort(), [...pointers], what);
    for (const { message } of found) t.match(message, /^[^\n]{20,400}$/, `${what}: one sentence`);
    t.equal(
      schemas.every((schema) => schema.safeParse(document).success),
      pointers.length === 0,
      `the schema and ${what}`,
    );
  }
  const parsed = parseJobSpec(JSON.stringify(FULL));
  t.match(parsed, { ok: true, spec: { output_dir: '/out', output_name_template: 'x', user_metadata: { show: 'A' } } });
});

t.test('sentences name the thing, the reason and the way out', async (t) => {
  const messages = violationsOf({
    ...without('proxy_profile'),
    output_directory: '/other',
    sorces: [],
    sources: ['a'],
  });
  t.strictSame(
    messages.map(({ message }) => message),
    [
      "there is no field 'sorces'; did you mean 'sources'? Values of your own go into 'user_metadata'",
      'a source must be an absolute path, not "a"',
      "'output_dir' and 'output_directory' are two spellings of one field and say different things: keep one",
      "'proxy_profile' is missing, and there is no default: give the name of a profile: 'proxyfs profiles' lists them",
    ],
  );
});

t.test('what is no JSON, too large, too deep or given twice is refused, and a byte order mark is not', async (t) => {
  const text = JSON.stringify(GOOD);
  t.match(violationsOf('{"a":'), [{ pointer: '', message: /^it is not JSON: / }]);
  t.match(violationsOf('  '), [{ message: /it is empty/ }]);
  t.match(violationsOf('{}{}'), [{ message: /it is not JSON/ }]);
  t.strictSame(violationsOf(`\ufeff${text}`), []);
  const bytes = (head: readonly number[]) => parseJobSpec(Buffer.concat([Buffer.from(head), Buffer.from(text)]));
  t.equal(bytes([0xef, 0xbb, 0xbf]).ok, true);
  t.match(bytes([0xff, 0xfe]), { ok: false, violations: [{ message: /it is not UTF-8/ }] });
  t.match(violationsOf(' '.repeat(LARGEST_DOCUMENT + 1)), [{ message: /more than \d+ bytes/ }]);
  const deep = (levels: number) => `{"a":${'['.repeat(levels)}${']'.repeat(levels)}}`;
  t.match(violationsOf(deep(DEEPEST_NESTING)), [{ pointer: '', message: /nested more than/ }]);
  t.match(violationsOf(deep(1_000_000)), [{ pointer: '', message: /nested more than/ }]);
  t.notMatch(violationsOf(deep(DEEPEST_NESTING - 1)), [{ message: /nested/ }]);
  const twice = text.replace('{', '{"codec":"a","user_metadata":{"k":[{"q\\"":1,"q\\u0022":2}]},"codec":"b",');
  t.match(
    violationsOf(twice).map(({ pointer, message }) => `${pointer} ${message}`),
    ['/user_metadata/k/0/q" \'q"\' is given twice: keep one', "/codec 'codec' is given twice: keep one"],
  );
  t.match(violationsOf(text.replace('{', '{"__proto__":{"x":1},')), [{ pointer: '/__proto__' }]);
});
