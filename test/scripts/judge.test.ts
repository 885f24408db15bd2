import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import t from 'tap';
import { compareClips, compareFacts } from '../../scripts/judge/compare.js';
import { hasFfmpeg, makeClip } from '../fixtures/media.js';

t.setTimeout(120_000);
const run = promisify(execFile);

async function obstacle(): Promise<{ skip?: string }> {
  if (!(await hasFfmpeg())) return { skip: 'ffmpeg is not installed' };
  const missing = async (program: string) =>
    run(program, ['--version']).then(
      () => undefined,
      (error: { code?: unknown }) => (error.code === 'ENOENT' ? program : undefined),
    );
  const programs = [await missing('melt'), await missing('mediainfo')].filter((program) => program !== undefined);
  return programs.length === 0 ? {} : { skip: `needs ${programs.join(' and ')}` };
}

t.test('a fact that is missing, another or added is a difference; header rounding is none', async (t) => {
  const facts = (entries: Record<string, string>) => new Map(Object.entries(entries));
  const master = {
    'ffprobe 0 video packets': '25',
    'ffprobe 0 video duration': '1.000',
    'ffprobe timecode': '01:00:00:00',
  };
  const compare = (proxy: Record<string, string>) => compareFacts(facts(master), facts({ ...master, ...proxy }));
  t.same(compare({ 'ffprobe 0 video duration': '1.001' }), []);
  t.same(compare({ 'ffprobe 0 video packets': '24' }), ['ffprobe 0 video packets: 25 in the master, 24 in the proxy']);
  t.match(compare({ 'ffprobe 0 video rotation': '90' }), [/nothing in the master, 90/]);
  t.same(compare({ 'ffprobe 0 video colour matrix': 'bt709' }), [], 'what the master leaves unsaid');
  t.match(compareFacts(facts(master), facts({})), [/duration/, /packets/, /timecode/]);
});

t.test('a timecode in the pictures is the same as one of the container, and no other', async (t) => {
  const [picture, container] = ['mediainfo Video 0 TimeCode_FirstFrame', 'mediainfo Other 0 TimeCode_FirstFrame'];
  const missing = (inPicture: string, inContainer?: string) => {
    const own = new Map(inContainer === undefined ? [] : [[container, inContainer]]);
    return compareFacts(new Map([...own, [picture, inPicture]]), own);
  };
  t.same(missing('01:00:00:00', '01:00:00:00'), []);
  t.match(missing('01:00:00:00', '02:00:00:00'), [/Video 0 TimeCode_FirstFrame: 01:00:00:00 in the master, nothing/]);
  t.match(missing('01:00:00:00'), [/nothing in the proxy/]);
  t.same(missing('00:00:00:00'), [], 'an encoder that was told none');
});

t.test('other programs see a frame too few, a shift by a frame, and other labels', await obstacle(), async (t) => {
  const directory = t.testdir();
  const base = { frames: 12, width: 128, height: 72, audio: [{}], timecode: '01:00:00:00' };
  const master = await makeClip(directory, 'master.mov', base);
  t.same(await compareClips(master, master, directory), []);
  const short = await makeClip(directory, 'short.mov', { ...base, frames: 11, timecode: '01:00:00:01' });
  const words = (await compareClips(master, short, directory)).join('\n');
  for (const said of [/ffprobe 0 video packets: 12/, /melt length: 12/, /timecode: 01:00:00:00/, /shows 12 frames/])
    t.match(words, said);
  const shifted = await makeClip(directory, 'shifted.mov', {
    ...base,
    filter: 'tpad=start=1:start_mode=clone,trim=end_frame=12',
  });
  t.match((await compareClips(master, shifted, directory)).join('\n'), /is frame \d+ of the master|samples differ/);
});
