import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import { adoptSibling } from '../../src/adopt/adopt.js';
import { proposedSiblings } from '../../src/adopt/sibling-names.js';
import { openProject } from '../fixtures/generation.js';
import { hasFfmpeg, makeClip, runFixtureFfmpeg } from '../fixtures/media.js';

const skip = (await hasFfmpeg()) ? false : 'FFmpeg is not installed';
t.setTimeout(120_000);

function adopterOf(project: Awaited<ReturnType<typeof openProject>>) {
  return async (name: string) => {
    const asset = project.catalog.byPath(name as never);
    if (asset === undefined) throw new Error(`${name} is not in the catalog`);
    return adoptSibling(project, asset, 'edit');
  };
}

t.test('a clip has its places for proxies of editors and cameras, and is never its own', async (t) => {
  const names = proposedSiblings('A001/C003.mov');
  for (const name of ['Proxy/C003.mov', 'Proxies/C003_Proxy.mov', 'C003_Proxy.mov', 'Sub/C003S03.MP4', 'C003.LRF']) {
    t.ok(names.includes(`A001/${name}`), name);
  }
  t.notOk(names.includes('A001/C003.mov'));
  t.ok(proposedSiblings('Clip/C0001.MP4').includes('Sub/C0001S03.MP4'), 'Sony keeps them in a folder beside');
  t.ok(proposedSiblings('GX010123.MP4').includes('GL010123.LRV'), 'GoPro changes a letter');
  t.notOk(
    proposedSiblings('C0001.MP4').some((name) => name.startsWith('..')),
    'nothing outside the project',
  );
});

t.test('an equal proxy beside the clip is taken over; one that is a frame short is refused', { skip }, async (t) => {
  const directory = t.testdir({ source: { Proxy: {} } });
  const source = join(directory, 'source');
  const clip = { frames: 20, audio: [{}], timecode: '01:00:00:00', video: ['-c:v', 'libx264', '-pix_fmt', 'yuv420p'] };
  for (const [index, name] of ['good.mp4', 'short.mp4', 'other.mp4', 'alone.mp4'].entries()) {
    await makeClip(source, name, { ...clip, audio: [{ frequency: 300 + index }] });
  }
  const shrink = (name: string, into: string, filter: string) =>
    runFixtureFfmpeg([
      ...['-i', `file:${join(source, name)}`, '-map', '0:v', '-map', '0:a', '-vf', filter, '-fps_mode', 'passthrough'],
      ...['-c:v', 'libx264', '-g', '1', '-bf', '0', '-c:a', 'copy', '-f', 'mp4', `file:${join(source, into)}`],
    ]);
  await shrink('good.mp4', 'Proxy/good.mp4', 'scale=160:90');
  await shrink('short.mp4', 'short.LRV', 'trim=end_frame=19,scale=160:90');
  await shrink('other.mp4', 'other_Proxy.mp4', 'hue=h=90,negate,scale=160:90');
  const project = await openProject(directory);
  t.teardown(() => project.close());
  await project.prewarm();
  const adopt = adopterOf(project);
  t.match(await adopt('good.mp4'), { kind: 'adopted', from: 'Proxy/good.mp4' });
  t.match(project.catalog.byPath('Proxy/good.mp4' as never)?.eligibility, { kind: 'ineligible', code: 'adopted' });
  const left = project.queue.list({ state: 'waiting' }).map(({ asset }) => project.catalog.get(asset)?.paths[0]);
  t.notOk(left.includes('Proxy/good.mp4' as never), 'no proxy of a proxy');
  t.match(await adopt('good.mp4'), { kind: 'already-there' });
  t.match(await adopt('short.mp4'), { kind: 'refused', reason: /video frame count: expected 20, found 19/ });
  t.match(await adopt('other.mp4'), { kind: 'refused', reason: /picture of frame 0: .*another picture/ });
  t.match(await adopt('alone.mp4'), { kind: 'none' });
  writeFileSync(join(source, 'alone_Proxy.mp4'), 'no film');
  t.match(await adopt('alone.mp4'), { kind: 'refused', reason: /a readable proxy/ });
  mkdirSync(join(source, 'Proxies'));
  copyFileSync(join(source, 'alone.mp4'), join(source, 'Proxies/alone.mp4'));
  t.match(await adopt('alone.mp4'), { kind: 'adopted', from: 'Proxies/alone.mp4' });
  t.equal(project.published().length, 2);
  t.same(project.temporaries(), []);
});

t.test('dates, camera metadata and labels that an editor left out are written into the copy', { skip }, async (t) => {
  const directory = t.testdir({ source: { Proxy: {} } });
  const source = join(directory, 'source');
  const words = (...all: string[]) => all.flatMap((word) => ['-metadata', word]);
  const made = {
    ...{ frames: 20, rate: '30000/1001', timecode: '01:00:00;02' },
    video: ['-c:v', 'libx264', '-pix_fmt', 'yuv420p'],
  };
  const camera = [
    ...words('creation_time=2024-05-01T10:20:30Z', 'com.maker.lens=50 mm', 'comment=take 2'),
    ...['-movflags', '+use_metadata_tags', '-metadata:s:a:1', 'language=ger', '-disposition:a:1', '0'],
  ];
  for (const [index, name] of ['plain.mov', 'late.mov'].entries()) {
    await makeClip(source, name, { ...made, audio: [{}, { frequency: 700 + index }], extra: camera });
  }
  const shrink = (name: string, timecode: string) =>
    runFixtureFfmpeg([
      ...[
        '-i',
        `file:${join(source, name)}`,
        '-map',
        '0:v',
        '-map',
        '0:a',
        '-map_metadata',
        '-1',
        '-timecode',
        timecode,
      ],
      ...['-vf', 'scale=160:90', '-c:v', 'libx264', '-bf', '2', '-c:a', 'copy', '-metadata:s:a:1', 'language=fra'],
      ...[...words('creation_time=2026-01-02T03:04:05Z'), `file:${join(source, 'Proxy', name)}`],
    ]);
  await shrink('plain.mov', '01:00:00;02');
  await shrink('late.mov', '01:00:00;03');
  const project = await openProject(directory);
  t.teardown(() => project.close());
  await project.prewarm();
  const adopt = adopterOf(project);
  const before = readFileSync(join(source, 'Proxy/plain.mov'));
  t.match(await adopt('plain.mov'), { kind: 'adopted', from: 'Proxy/plain.mov' });
  t.ok(before.equals(readFileSync(join(source, 'Proxy/plain.mov'))), 'what was found is only read');
  t.match(
    await adopt('late.mov'),
    { kind: 'refused', reason: /timecode: expected 01:00:00;02, found 01:00:00;03/ },
    'labels are written, a timecode is not',
  );
  t.equal(project.published().length, 1);
  t.same(project.temporaries(), []);
});
