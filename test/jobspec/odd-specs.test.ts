import { execFileSync } from 'node:child_process';
import { chmod, link, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { locateFfmpeg, type Toolchain } from '../../src/ffmpeg/toolchain.js';
import { checkJob } from '../../src/jobspec/check-job.js';
import { parseJobSpec } from '../../src/jobspec/parse-spec.js';
import type { Violation } from '../../src/jobspec/violation.js';
import { hasFfmpeg, makeClip, runFixtureFfmpeg } from '../fixtures/media.js';

t.setTimeout(240_000);
const skip = (await hasFfmpeg()) ? {} : { skip: 'ffmpeg is not installed' };

/** Pointer and sentence of each violation, in the order in which they are listed. */
type Expected = readonly (readonly [pointer: string, sentence: RegExp])[];
/** What is changed in a good spec (undefined takes a field away), or a whole document as text. */
type Case = readonly [what: string, spec: Record<string, unknown> | string, expected: Expected];

interface Place {
  readonly media: string;
  readonly out: string;
  readonly toolchain: Toolchain;
  /** Fields of a good spec, with changes. */
  good(changes?: Record<string, unknown>): Record<string, unknown>;
  violationsOf(spec: Case[1]): Promise<readonly Violation[]>;
}

async function placeFor(t: Test): Promise<Place> {
  const root = await mkdtemp(join(tmpdir(), 'proxyfs-odd-specs-'));
  t.teardown(() => rm(root, { recursive: true, force: true }));
  const [media, out] = [join(root, 'media'), join(root, 'out')];
  await Promise.all([mkdir(join(media, 'other'), { recursive: true }), mkdir(out)]);
  await makeClip(media, 'a.mov', { frames: 3, timecode: '01:00:00:00' });
  const least = { jobspec_version: '2.1', output_dir: out, output_name_template: '{source_name}_{index}' };
  const good = (changes = {}) => ({
    ...least,
    ...{ sources: [join(media, 'a.mov')], proxy_profile: 'proxy_h264_low' },
    ...changes,
  });
  const toolchain = await locateFfmpeg();
  return {
    ...{ media, out, toolchain, good },
    violationsOf: async (spec) => {
      const text = typeof spec === 'string' ? spec : JSON.stringify(good(spec));
      const checked = await checkJob(parseJobSpec(Buffer.from(text)), { toolchain, outputExists: 'fail' });
      return checked.ok ? [] : checked.violations;
    },
  };
}

async function tryAll(t: Test, { media, out, violationsOf }: Place, cases: readonly Case[], quick = false) {
  const before = await Promise.all([readdir(media, { recursive: true }), readdir(out)]);
  for (const [what, spec, expected] of cases) {
    // A folder as source is refused at a glance; clips are only looked at where they matter.
    const isQuick = quick && typeof spec === 'object' && expected.length > 0 && !Object.hasOwn(spec, 'sources');
    const all = await violationsOf(isQuick ? { sources: [media], ...spec } : spec);
    const found = isQuick ? all.filter(({ pointer }) => pointer !== '/sources/0') : all;
    const pointers = found.map(({ pointer }) => pointer);
    if (!t.strictSame(pointers, [...expected.map(([pointer]) => pointer)], what)) t.comment(JSON.stringify(found));
    for (const [at, [, sentence]] of expected.entries()) t.match(found[at]?.message, sentence, what);
    for (const { message } of found) t.match(message, /^[^\n]{15,700}$/, `${what}: one sentence`);
    if (isQuick) t.equal(all.length, found.length + 1, `${what}: the source is said as well`);
  }
  t.strictSame(await Promise.all([readdir(media, { recursive: true }), readdir(out)]), before, 'nothing was written');
}

t.test('documents that are no specs', skip, async (t) => {
  const place = await placeFor(t);
  const text = JSON.stringify(place.good());
  const missing: Expected = [
    ['/jobspec_version', /^'jobspec_version' is missing, and there is no default/],
    ['/output_dir', /^'output_dir' \(or 'output_directory'\) is missing/],
    ['/output_name_template', /^'output_name_template' \(or 'naming_template'\) is missing/],
    ['/proxy_profile', /^'proxy_profile' is missing, and there is no default/],
    ['/sources', /^'sources' is missing/],
  ];
  await tryAll(t, place, [
    ['nothing', '', [['', /it is empty/]]],
    ['blanks', ' \n\t', [['', /it is empty/]]],
    ['an object without fields', '{}', missing],
    ['a list of specs', `[${text}]`, [['', /a job spec is a JSON object, not a list of 1/]]],
    ['a text', '"job"', [['', /is a JSON object, not a string/]]],
    ['null', 'null', [['', /is a JSON object, not null/]]],
    ['true', 'true', [['', /is a JSON object, not a boolean/]]],
    ['cut off', text.slice(0, -1), [['', /^it is not JSON: /]]],
    ['two documents', `${text}\n${text}`, [['', /^it is not JSON: /]]],
    ['a comment', `// job\n${text}`, [['', /^it is not JSON: /]]],
    ['a comma too many', text.replace(/\}$/, ',}'), [['', /^it is not JSON: /]]],
    ['single quotes', text.replaceAll('"', "'"), [['', /^it is not JSON: /]]],
    ['YAML', 'jobspec_version: "2.1"\n', [['', /^it is not JSON: /]]],
    ['NaN', text.replace('{', '{"user_metadata":{"take":NaN},'), [['', /^it is not JSON: .*(N|token)/]]],
    ['Infinity', text.replace('{', '{"user_metadata":{"take":-Infinity},'), [['', /^it is not JSON: /]]],
    ['a key given twice', text.replace('{', '{"jobspec_version":"2.0",'), [['/jobspec_version', /is given twice/]]],
    [
      'keys of metadata given twice',
      text.replace('{', '{"user_metadata":{"a":1,"a":1},'),
      [['/user_metadata/a', /'a' is given twice: keep one/]],
    ],
    [
      'nested too deep',
      text.replace('{', `{"user_metadata":{"a":${'['.repeat(100)}${']'.repeat(100)}},`),
      [['', /nested more than 32 levels/]],
    ],
    ['a hundred thousand levels', `${'['.repeat(100_000)}${']'.repeat(100_000)}`, [['', /nested more than 32 levels/]]],
    ['larger than any job', `{"user_metadata":{"a":"${'x'.repeat(9_000_000)}"}}`, [['', /has more than \d+ bytes/]]],
    ['a byte order mark is passed over', `\ufeff${text}`, []],
  ]);
});

t.test('fields that are missing, unknown or of another type', skip, async (t) => {
  const place = await placeFor(t);
  const { out } = place;
  const both = 'are two spellings of one field and say different things';
  await tryAll(
    t,
    place,
    [
      ['version 1.0.0', { jobspec_version: '1.0.0' }, []],
      [
        'version 2.0, the other spellings',
        {
          ...{ jobspec_version: '2.0', output_dir: undefined, output_directory: out },
          ...{ output_name_template: undefined, naming_template: '{source_name}' },
        },
        [],
      ],
      [
        'everything that a spec can say',
        {
          ...{ created_at: '2024-05-17T09:30:00.123456', codec: 'h264', container: 'mp4', resolution: 'half' },
          ...{ fps_mode: 'preserve_source', user_metadata: { show: 'x' }, job_id: 'night.42', resolve_preset: null },
        },
        [],
      ],
      ['both spellings, one saying', { output_directory: out, naming_template: '{source_name}_{index}' }, []],
      [
        'both spellings, two sayings',
        { output_directory: '/', naming_template: 'x' },
        [
          ['/naming_template', new RegExp(both)],
          ['/output_directory', new RegExp(both)],
        ],
      ],
      [
        'a later version',
        { jobspec_version: '3.0' },
        [['/jobspec_version', /must be one of "1.0.0", "2.0", "2.1", not "3.0"/]],
      ],
      ['versions that nobody gave', { jobspec_version: '2' }, [['/jobspec_version', /not "2"/]]],
      ['a version as a number', { jobspec_version: 2.1 }, [['/jobspec_version', /must be one of .*, not 2.1/]]],
      ['no profile', { proxy_profile: undefined }, [['/proxy_profile', /is missing, and there is no default/]]],
      [
        'a profile that is null',
        { proxy_profile: null },
        [['/proxy_profile', /must be the name of a profile.*, not null/]],
      ],
      [
        'a profile that is empty',
        { proxy_profile: '' },
        [['/proxy_profile', /must be the name of a profile.*, not ""/]],
      ],
      ['a profile as a list', { proxy_profile: ['edit'] }, [['/proxy_profile', /not a list of 1/]]],
      ['an unknown profile', { proxy_profile: 'x' }, [['/proxy_profile', /^Unknown proxy profile 'x'/]]],
      [
        'a profile in capitals',
        { proxy_profile: 'PROXY_H264_LOW' },
        [['/proxy_profile', /^Unknown proxy profile 'PROXY_H264_LOW': did you mean 'proxy_h264_low'\?/]],
      ],
      [
        'a blank after the profile',
        { proxy_profile: 'proxy_h264_low ' },
        [['/proxy_profile', /^Unknown proxy profile 'proxy_h264_low '/]],
      ],
      [
        'a profile of a million letters',
        { proxy_profile: 'p'.repeat(1_000_000) },
        [['/proxy_profile', /^Unknown proxy profile 'p{40,100}\.\.\.'/]],
      ],
      [
        'a size of a format',
        { proxy_profile: 'proxy_prores_lt@half' },
        [['/proxy_profile', /^Unknown proxy profile 'proxy_prores_lt@half': .* fixed/]],
      ],
      [
        'a look',
        { proxy_profile: 'edit+warm' },
        [['/proxy_profile', /^Profile 'edit\+warm' has a look, and looks belong to projects/]],
      ],
      ['no sources', { sources: undefined }, [['/sources', /'sources' is missing/]]],
      ['an empty list of sources', { sources: [] }, [['/sources', /not an empty list/]]],
      ['one source as a text', { sources: '/a.mov' }, [['/sources', /must be a list of .*, not "\/a.mov"/]]],
      [
        'sources as objects',
        { sources: [{ path: '/a.mov' }] },
        [['/sources/0', /must be an absolute path, not an object/]],
      ],
      ['one source for all', { source: '/a.mov' }, [['/source', /there is no field 'source'; did you mean 'sources'/]]],
      [
        'relative paths',
        { sources: ['a.mov', './b.mov', '../c.mov', '~/d.mov', ''] },
        [0, 1, 2, 3, 4].map((at) => [`/sources/${at}`, /a source must be an absolute path/] as const),
      ],
      ['a file URL', { sources: ['file:///a.mov'] }, [['/sources/0', /must be an absolute path, not "file:/]]],
      ['a Windows path', { sources: ['C:\\a.mov'] }, [['/sources/0', /must be an absolute path, not "C:/]]],
      [
        'more sources than a job has',
        { sources: Array.from({ length: 10_001 }, (_, at) => `/${at}`), proxy_profile: '' },
        [
          ['/proxy_profile', /name of a profile/],
          ['/sources', /1 to 10000 absolute paths, not a list of 10001/],
        ],
      ],
      ['a relative folder', { output_dir: 'out' }, [['/output_dir', /must be an absolute path, not "out"/]]],
      ['a folder as a number', { output_dir: 7 }, [['/output_dir', /not 7/]]],
      ['a template that is empty', { output_name_template: '' }, [['/output_name_template', /not ""/]]],
      ['a template as an object', { output_name_template: {} }, [['/output_name_template', /not an object/]]],
      ['a rate of its own', { fps_mode: 'cfr' }, [['/fps_mode', /must be "preserve_source".*, not "cfr"/]]],
      ['a rate as a number', { fps_mode: 25 }, [['/fps_mode', /not 25/]]],
      [
        'another resolution',
        { resolution: '1080p' },
        [['/resolution', /must be "same", "half" or "quarter", not "1080p"/]],
      ],
      ['a resolution in capitals', { resolution: 'Half' }, [['/resolution', /not "Half"/]]],
      [
        'a day that no calendar has',
        { created_at: '2024-13-40T00:00:00Z' },
        [['/created_at', /must be a date and time/]],
      ],
      [
        'a time in seconds',
        { created_at: 1715931000 },
        [['/created_at', /must be a date and time .*, not 1715931000/]],
      ],
      ['metadata as a text', { user_metadata: 'x' }, [['/user_metadata', /must be an object, not "x"/]]],
      [
        'fields that are null',
        { codec: null, container: null, resolution: null },
        [
          ['/codec', /not null/],
          ['/container', /not null/],
          ['/resolution', /not null/],
        ],
      ],
      [
        'fields of other programs',
        { priority: 5, outputDir: '/x', watermark: {} },
        [
          ['/outputDir', /did you mean 'output_dir'/],
          ['/priority', /no field 'priority'/],
          ['/watermark', /no field/],
        ],
      ],
      ['pointers are escaped', { 'a/b~c': 1 }, [['/a~1b~0c', /no field 'a\/b~c'/]]],
      [
        'a key of a million letters',
        { ['k'.repeat(1_000_000)]: 1 },
        [[`/${'k'.repeat(1_000_000)}`, /no field 'k{40,100}\.\.\.'/]],
      ],
    ],
    true,
  );
});

t.test('profiles that contradict the rest of the spec, or do not fit the source', skip, async (t) => {
  const place = await placeFor(t);
  const at = (name: string) => join(place.media, name);
  for (const raw of ['A001.R3D', 'A002.braw', 'A003.ari']) await writeFile(at(raw), 'raw');
  const codec = (given: string, profile: string, makes: string) =>
    ['/codec', new RegExp(`^Codec '${given}' contradicts profile '${profile}', which makes ${makes}: `)] as const;
  const routes = (profile: string, requires: string, to: string) =>
    new RegExp(`^Profile '${profile}' requires the ${requires} engine, but the job routes to ${to}: `);
  const low = 'proxy_h264_low';
  await tryAll(t, place, [
    ['another codec', { codec: 'prores_proxy' }, [codec('prores_proxy', low, 'h264')]],
    ['a codec that is none', { codec: 'vhs' }, [codec('vhs', low, 'h264')]],
    [
      'the other ProRes',
      { proxy_profile: 'proxy_prores_lt', codec: 'prores_proxy' },
      [codec('prores_proxy', 'proxy_prores_lt', 'prores_lt')],
    ],
    [
      'another container',
      { container: 'mov' },
      [['/container', /^Container 'mov' contradicts profile 'proxy_h264_low', which makes mp4/]],
    ],
    ['a container that nobody makes', { container: 'avi' }, [['/container', /^Container 'avi' contradicts/]]],
    [
      'DNxHR in QuickTime',
      { proxy_profile: 'proxy_dnxhr_lb', codec: 'dnxhr_lb', container: 'mov' },
      [['/container', /^Container 'mov' contradicts profile 'proxy_dnxhr_lb', which makes mxf/]],
    ],
    [
      'another size',
      { resolution: 'quarter' },
      [['/resolution', /^Resolution 'quarter' contradicts profile 'proxy_h264_low', which makes half/]],
    ],
    [
      'a size of a profile that keeps it',
      { proxy_profile: 'proxy_prores_proxy', resolution: 'half' },
      [['/resolution', /^Resolution 'half' contradicts profile 'proxy_prores_proxy', which makes same/]],
    ],
    [
      'everything at once',
      { codec: 'dnxhr_lb', container: 'mxf', resolution: 'same', resolve_preset: 'p', fps_mode: 'x' },
      [
        codec('dnxhr_lb', low, 'h264'),
        ['/container', /contradicts/],
        ['/fps_mode', /preserve_source/],
        ['/resolution', /contradicts/],
        ['/resolve_preset', /^Render preset 'p' is for profiles of the resolve engine, and profile 'proxy_h264_low'/],
      ],
    ],
    ['a preset that is empty', { resolve_preset: '' }, [['/resolve_preset', /must be the name of a render preset/]]],
    [
      'a clip for the other engine',
      { proxy_profile: 'proxy_prores_hq_resolve', resolve_preset: 'House' },
      [['/sources/0', routes('proxy_prores_hq_resolve', 'resolve', 'ffmpeg')]],
    ],
    ...['A001.R3D', 'A002.braw', 'A003.ari'].map(
      (raw): Case => [`camera RAW ${raw}`, { sources: [at(raw)] }, [['/sources/0', routes(low, 'ffmpeg', 'resolve')]]],
    ),
    [
      'engines of both kinds',
      { sources: [at('a.mov'), at('A002.braw')] },
      [
        ['/sources', /the sources need two engines \(ffmpeg and resolve\)/],
        ['/sources/1', routes(low, 'ffmpeg', 'resolve')],
      ],
    ],
    ['a set and its codec', { proxy_profile: 'edit', codec: 'prores_proxy', container: 'mov', resolution: 'same' }, []],
    [
      'a set and another codec',
      { proxy_profile: 'edit', codec: 'dnxhr_lb', container: 'mxf' },
      [
        ['/codec', /which makes prores_proxy of '.*a\.mov'/],
        ['/container', /which makes mov of '.*a\.mov'/],
      ],
    ],
  ]);
});

t.test('sources that cannot be read, or have no picture to copy', skip, async (t) => {
  const place = await placeFor(t);
  const { media } = place;
  const at = (name: string) => join(media, name);
  await makeClip(media, 'b.mov', { frames: 2 });
  await runFixtureFfmpeg(['-f', 'lavfi', '-i', 'sine=d=0.2', '-c:a', 'pcm_s16le', at('sound.mov')]);
  await runFixtureFfmpeg([
    '-f',
    'lavfi',
    '-i',
    'color=red@0.5:s=64x64:d=0.1,format=rgba',
    '-c:v',
    'qtrle',
    at('alpha.mov'),
  ]);
  for (const name of ['sound.wav', 'still.png', 'notes.txt', 'text.mov']) await writeFile(at(name), 'x');
  await writeFile(at('empty.mov'), '');
  await symlink(at('a.mov'), at('link.mov'));
  await link(at('a.mov'), at('hard.mov'));
  await symlink('/nowhere/at/all.mov', at('dangling.mov'));
  await symlink(at('round.mov'), at('round.mov'));
  await mkdir(at('A001.mov'));
  execFileSync('mkfifo', [at('pipe.mov')]);
  const one = (name: string, sentence: RegExp): Case => [name, { sources: [at(name)] }, [['/sources/0', sentence]]];
  await tryAll(t, place, [
    one('no.mov', /^source '.*no\.mov' does not exist$/),
    one('a.mov/x.mov', /does not exist$/),
    one('A001.mov', /is a directory: name the files in it/),
    one('pipe.mov', /is a device, a socket or a pipe/),
    one('empty.mov', /has zero bytes/),
    one('text.mov', /is no clip that can be read/),
    one('notes.txt', /is no clip that can be read|cannot have an equal proxy/),
    one('still.png', /is a still picture/),
    one('sound.wav', /is sound without a picture/),
    one('sound.mov', /cannot have an equal proxy: .*(sound|audio)/),
    one('alpha.mov', /cannot have an equal proxy: .*(alpha|transparen)/),
    one('dangling.mov', /does not exist/),
    one('round.mov', /symbolic links lead in a circle/),
    [
      'a name that is too long',
      { sources: [at(`${'n'.repeat(300)}.mov`)], output_name_template: 'n' },
      [['/sources/0', /^source '.{80}\.\.\.' does not exist: its path is too long/]],
    ],
    [
      'the root',
      { sources: ['/'] },
      [
        ['/output_dir', /overlaps with the source '\/'/],
        ['/sources/0', /is a directory/],
      ],
    ],
    ['a device', { sources: ['/dev/zero'] }, [['/sources/0', /is a device/]]],
    ['a link to a clip is a clip', { sources: [at('link.mov')] }, []],
    ['a path that is not tidy', { sources: [`${media}/other/..//./a.mov`] }, []],
    [
      'the same clip by other names',
      { sources: ['a.mov', 'link.mov', 'hard.mov', 'other/../a.mov', 'a.mov'].map(at) },
      [
        ['/sources/1', /is the same file as/],
        ['/sources/2', /is the same file as/],
        ['/sources/3', /is the same file as|is listed twice/],
        ['/sources/4', /is listed twice: list each clip once/],
      ],
    ],
    [
      'the good ones do not hide the bad ones',
      { sources: ['a.mov', 'no.mov', 'b.mov', 'text.mov'].map(at), codec: 'x' },
      [
        ['/codec', /contradicts/],
        ['/sources/1', /does not exist/],
        ['/sources/3', /is no clip/],
      ],
    ],
  ]);
});

t.test('output folders and names that cannot be', skip, async (t) => {
  const place = await placeFor(t);
  const { media, out, violationsOf } = place;
  const at = (name: string) => join(media, name);
  const [nfc, nfd] = ['ü', 'ü'].map((name, n) => `other/${name.normalize(n === 0 ? 'NFC' : 'NFD')}.mov`);
  for (const name of ['A.mov', 'other/a.mov', nfc ?? '', nfd ?? '']) await makeClip(media, name, { frames: 2 });
  await writeFile(join(out, 'taken.mp4'), 'theirs');
  await mkdir(join(out, 'folder.mp4'));
  await symlink('/nowhere', join(out, 'dangling.mp4'));
  await symlink(at('a.mov'), join(out, 'master.mp4'));
  const named = (template: string, sentence: RegExp, changes = {}): Case => [
    template.slice(0, 60),
    { output_name_template: template, ...changes },
    [['/output_name_template', sentence]],
  ];
  const twins = (...names: string[]) => ({ sources: names.map(at) });
  await tryAll(
    t,
    place,
    [
      [
        'a folder that is missing',
        { output_dir: join(out, 'none') },
        [['/output_dir', /does not exist: make it first/]],
      ],
      ['a file as folder', { output_dir: join(out, 'taken.mp4') }, [['/output_dir', /is a file, not a folder/]]],
      [
        'a folder below a file',
        { output_dir: join(out, 'taken.mp4/x') },
        [['/output_dir', /a part of its path is a file/]],
      ],
      ['a folder in a source', { output_dir: at('a.mov/x') }, [['/output_dir', /overlaps with the source/]]],
      ['a folder of the system', { output_dir: '/proc' }, [['/output_dir', /the system's own folders hold no files/]]],
      ['a link to nothing as folder', { output_dir: join(out, 'dangling.mp4') }, [['/output_dir', /does not exist/]]],
      [
        'by the other spelling',
        { output_dir: undefined, output_directory: join(out, 'none') },
        [['/output_directory', /does not exist/]],
      ],
      named('{source_name}', /is the source '.*a\.mov' itself/, {
        output_dir: media,
        proxy_profile: 'proxy_prores_lt',
        sources: [at('a.mov')],
      }),
      named('A', /is the source '.*' itself/, { output_dir: media, proxy_profile: 'edit', sources: [at('a.mov')] }),
      named('master', /is the source '.*a\.mov' itself|something that is no file has that name/, twins('a.mov')),
      named('taken', /taken\.mp4' exists already: remove it, or say --output-exists/),
      named('folder', /something that is no file has that name/),
      named('dangling', /something that is no file has that name/),
      named('same', /outputs of '.*' and '.*' are both named 'same\.mp4'/, twins('a.mov', 'A.mov')),
      named('{source_name}', /\('a\.mp4' in other letters\) are both named 'A\.mp4'/, twins('a.mov', 'A.mov')),
      named('{source_name}', /are both named 'a\.mp4'/, twins('a.mov', 'other/a.mov')),
      named('{source_name}', /in other letters\) are both named/, twins(nfc ?? '', nfd ?? '')),
      named('{user_metadata.show}', /are both named/, { ...twins('a.mov', 'A.mov'), user_metadata: { show: 'x' } }),
      named('../{source_name}', /'\/' cannot be part of a name/),
      named('..\\{source_name}', /'\\' cannot be part of a name/),
      named('{user_metadata.show}', /has a path separator/, { user_metadata: { show: '../../etc/x' } }),
      named('{user_metadata.show}', /begins with a dot/, { user_metadata: { show: '..' } }),
      named('{user_metadata.show}', /has no 'show'/, { user_metadata: {} }),
      named('{user_metadata.show}', /the name is empty/, { user_metadata: { show: '' } }),
      named('{user_metadata.show}', /has 1004 bytes/, { user_metadata: { show: 'x'.repeat(1000) } }),
      named('{user_metadata}', /no token \{user_metadata\}; did you mean|no token \{user_metadata\}/),
      named('{source}', /no token \{source\} in names; did you mean \{source_name\}\? Tokens: \{source_name\}, /),
      named('{Source_Name}', /no token \{Source_Name\}/),
      named('{source_name', /braces .* do not pair/),
      named('{date}_{source_name}', /\{date\} comes from 'created_at', which the spec does not have/),
      named('{timecode}', /has no start timecode for \{timecode\}/, twins('other/a.mov')),
      named('{source_name}.mov', /says \.mov and the output is \.mp4/),
      named('.{source_name}', /begins with a dot/),
      named('{source_name}\u0007', /control characters/),
      named('{source_name}'.repeat(80), /a file name at most 255|1 to 1024 characters/, { sources: [at(nfc ?? '')] }),
      [
        'by the other spelling',
        { output_name_template: undefined, naming_template: 'a/b' },
        [['/naming_template', /cannot be part/]],
      ],
      [
        'all tokens',
        {
          output_name_template:
            '{source_name}_{index:03}_{date}_{profile}_{container}_{width}x{height}_{fps}_{timecode}_{user_metadata.n}',
          ...{ created_at: '2024-05-17T09:30:00Z', user_metadata: { n: 7 } },
        },
        [],
      ],
    ],
    true,
  );
  if (process.getuid?.() !== 0) return;
  // Another effective user, as far as opening files goes.
  for (const path of [join(out, '..'), media]) await chmod(path, 0o755);
  await chmod(at('A.mov'), 0o600);
  process.seteuid?.(65534);
  try {
    t.match(await violationsOf({ sources: [at('A.mov')] }), [
      { pointer: '/sources/0', message: /cannot be read: permission denied for the user who runs the job/ },
    ]);
  } finally {
    process.seteuid?.(0);
  }
});
