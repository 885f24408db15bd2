import t from 'tap';
import { fillTemplate, parseTemplate, type TokenValues } from '../../src/jobspec/name-template.js';

const VALUES: TokenValues = {
  source_name: 'A001_C003',
  index: 7,
  date: '2024-05-17',
  profile: 'proxy_prores_lt',
  container: 'mov',
  width: 1920,
  height: 1080,
  fps: '23.976',
  timecode: '01-00-00-00',
  user_metadata: { show: 'Ü', take: 3, nested: {}, path: 'a/b' },
};

function fill(text: string, values: Partial<TokenValues> = {}): string {
  const template = parseTemplate(text);
  const [fault] = template.faults;
  if (fault !== undefined) return `FAULT ${fault}`;
  const filled = fillTemplate(template, { ...VALUES, ...values }, '.mov');
  return filled.kind === 'name' ? filled.name : `FAULT ${filled.fault}`;
}

t.test('tokens are filled in, and the extension is added once', async (t) => {
  const all =
    '{source_name}_{index}_{index:04}_{date}_{profile}_{width}x{height}_{fps}_{timecode}_{user_metadata.show}{user_metadata.take}';
  t.equal(fill(all), 'A001_C003_7_0007_2024-05-17_proxy_prores_lt_1920x1080_23.976_01-00-00-00_Ü3.mov');
  t.equal(fill('{source_name}.mov'), 'A001_C003.mov');
  t.equal(fill('{source_name}.{container}'), 'A001_C003.mov');
  t.equal(
    fill('{source_name}', { source_name: 'a.mov' }),
    'a.mov.mov',
    'the name of a source says nothing of the output',
  );
  t.equal(fill('{source_name}', { source_name: 'odd \\ name\n?' }), 'odd \\ name\n?.mov');
  t.equal(fill('v1.2'), 'v1.2.mov');
  t.equal(fill('{index:03d}'), '007.mov');
});

t.test('what makes no name is a fault with its reason', async (t) => {
  t.match(fill('{sourcename}'), /no token \{sourcename\} in names; did you mean \{source_name\}\?/);
  t.match(fill('{index:4}'), /no token \{index:4\}/);
  t.match(fill('{}'), /no token \{\}/);
  t.match(fill('{user_metadata.KEY}'), /'user_metadata' has no 'KEY'/);
  t.match(fill('{user_metadata.toString}'), /has no 'toString'/);
  t.match(fill('{user_metadata.nested}'), /no text, number or true or false/);
  t.match(fill('{user_metadata.path}'), /has a path separator/);
  for (const large of [2 ** 60, -(2 ** 60), Number.POSITIVE_INFINITY]) {
    t.match(fill('{user_metadata.id}', { user_metadata: { id: large } }), /too large to be kept exactly/);
  }
  t.match(fill('a\ud800b'), /half a character/);
  t.match(fill('{source_name'), /braces .* do not pair/);
  t.match(fill('{{source_name}}'), /braces .* do not pair/);
  t.match(fill('a/{source_name}'), /'\/' cannot be part of a name/);
  t.match(fill('..\\{source_name}'), /'\\' cannot be part of a name/);
  t.match(fill('{date}', { date: undefined }), /comes from 'created_at'/);
  t.match(fill('{timecode}', { timecode: undefined }), /no start timecode/);
  t.match(fill('{source_name}.mp4'), /says \.mp4 and the output is \.mov/);
  t.match(fill('.{source_name}'), /begins with a dot/);
  t.match(fill('..'), /begins with a dot/);
  t.match(fill('{source_name}', { source_name: 'ä'.repeat(126) }), /^FAULT the name .* has 256 bytes/);
  t.equal(fill('{source_name}', { source_name: 'ä'.repeat(125) }).length, 129);
  t.match(fill('a\tb'), /control characters/);
});
