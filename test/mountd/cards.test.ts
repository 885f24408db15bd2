/** Camera cards, spanned recordings and sequences as a mount meets them: whole structures, with the files that are no clips. */

import { copyFile, mkdir, mkdtemp, realpath, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, extname, join } from 'node:path';
import t from 'tap';
import { connect } from '../../src/control/client.js';
import { launchDaemon } from '../../src/control/launch.js';
import { makeClip } from '../fixtures/media.js';
import { generationObstacle } from '../fixtures/mount-obstacle.js';

t.setTimeout(120_000);
const obstacle = await generationObstacle();

/** Per card the clips first, then its other files. */
const CARDS: Readonly<Record<string, readonly string[]>> = {
  'a Panasonic P2': [
    ...['P2/CONTENTS/VIDEO/0001AB.MXF', 'P2/CONTENTS/AUDIO/0001AB00.MXF', 'P2/CONTENTS/PROXY/0001AB.MP4'],
    ...['half copied/CONTENTS/VIDEO/0002CD.MXF', 'other case/contents/video/0003ef.mxf'],
    ...['P2/CONTENTS/CLIP/0001AB.XML', 'P2/LASTCLIP.TXT'],
  ],
  'a Sony XDCAM': ['XD/XDROOT/Clip/C0001.MXF', 'disc/Clip/C0001.MXF', 'disc/Sub/C0001S01.MXF', 'disc/MEDIAPRO.XML'],
  'a Sony XDCAM EX': ['EX/BPAV/CLPR/1_0001_01/1_0001_01.MP4', 'EX/BPAV/MEDIAPRO.XML'],
  'a Sony XAVC': [
    ...['day 1/cam b/card 3/PRIVATE/M4ROOT/CLIP/C0001.MP4', 'day 1/cam b/card 3/PRIVATE/M4ROOT/SUB/C0001S03.MP4'],
    ...['day 1/cam b/card 3/PRIVATE/M4ROOT/CLIP/C0001M01.XML'],
  ],
  'a Canon XF': ['XF/CONTENTS/CLIPS001/AA0001/AA000101.MXF', 'XF/CONTENTS/CLIPS001/AA0001/AA000102.MXF'],
  'an AVCHD': ['SD/PRIVATE/AVCHD/BDMV/STREAM/00000.MTS', 'SD/PRIVATE/AVCHD/BDMV/STREAM/00001.MTS'],
  'a RED': ['R/A001.RDM/A001_C001.RDC/A001_C001_001.R3D', 'R/A001.RDM/A001_C001.RDC/A001_C001_001.mov'],
};

/** Clips whose files stand each for itself, chapters of one recording among them, and folders that only sound like cards. */
const CLIPS: readonly string[] = [
  ...['GO/DCIM/100GOPRO/GX010001.MP4', 'GO/DCIM/100GOPRO/GX020001.MP4', 'EOS/DCIM/100CANON/MVI_0001.MOV'],
  ...['ARRI/A001R1AB/A001C001_130101_R1AB.mov', 'LUMIX/PRIVATE/PANA_GRP/001RAQAM/A001.MP4', 'loose/0001AB.MXF'],
  ...['loose/CLIP/C0001.MP4', 'Contents/one.mov', 'Show/Contents/Video/intro.mov', 'Show/CLIP/two.mov'],
  ...['Show/AVCHD/transcoded.mov', 'Show/Contents/Video/final.mxf', 'Show/Contents/Proxy/day one.mp4'],
];

const STILLS: Readonly<Record<string, RegExp>> = {
  'dpx/shot.0001.dpx': /^it is a frame of an image sequence$/,
  'photos/IMG_0001.JPG': /^it is a still picture, or a frame of an image sequence$/,
  'photos/poster.png': /^it is a still picture$/,
  'dng/A001_000001.dng': /camera RAW/,
  'ari/A001.0000001.ari': /camera RAW/,
};

const isClip = (path: string) => !['.XML', '.TXT'].includes(extname(path));

t.test('cards stay whole, and everything else is looked at clip by clip', { skip: obstacle ?? false }, async (t) => {
  const dir = await realpath(await mkdtemp(join(tmpdir(), 'proxyfs-cards-')));
  t.teardown(() => rm(dir, { recursive: true, force: true }));
  const env = { XDG_RUNTIME_DIR: 'run', XDG_STATE_HOME: 'state', XDG_CONFIG_HOME: 'config' };
  for (const [name, folder] of Object.entries(env)) process.env[name] = join(dir, folder);
  const [source, mountPoint] = [join(dir, 'source'), join(dir, 'mnt')];
  await Promise.all([source, mountPoint].map((folder) => mkdir(folder)));
  const put = async (path: string, from?: string) => {
    const to = join(source, path);
    await mkdir(dirname(to), { recursive: true });
    await (from === undefined ? writeFile(to, path) : copyFile(from, to));
  };
  const small = { frames: 5, width: 256, height: 144 };
  const made = await Promise.all(['.mov', '.mp4', '.mxf'].map((kind) => makeClip(dir, `clip${kind}`, small)));
  const contentOf = (path: string) => made.find((clip) => extname(clip) === extname(path).toLowerCase());
  for (const path of [...Object.values(CARDS).flat(), ...CLIPS]) await put(path, contentOf(path));
  for (const path of Object.keys(STILLS)) for (const take of ['', 'b/', 'c/']) await put(`${take}${path}`);
  await put('GO/DCIM/100GOPRO/GL010001.LRV', made[1]);
  await mkdir(join(source, 'latin 1'));
  await copyFile(
    made[0] ?? '',
    Buffer.concat([Buffer.from(`${source}/latin 1/caf`), Buffer.from([0xe9]), Buffer.from('.mov')]),
  );

  const record = await launchDaemon({ source, mountPoint, settleMs: 50, pictures: false });
  const client = await connect(record);
  t.teardown(async () => {
    await client.call('unmount', { force: true }).catch(() => undefined);
    client.close();
  });
  const prewarm = () => client.call('prewarm', { paths: [''], wait: true });
  const onCards = Object.values(CARDS).flat().filter(isClip).length;
  t.match(await prewarm(), { failed: 0, ineligible: onCards + 1 });

  for (const [card, paths] of Object.entries(CARDS)) {
    for (const path of paths.filter((each) => isClip(each) || each.includes('M4ROOT'))) {
      const { served, because } = await client.call('why', { path });
      t.equal(served.variant, 'master', path);
      t.match(served.reason, `it belongs to ${card} card, whose files describe each other and stay together`, path);
      t.match(because.join(' '), /stay together/, path);
    }
  }
  for (const path of CLIPS) {
    t.match(await client.call('why', { path }), { served: { variant: 'proxy', state: 'ready' } }, path);
  }
  for (const [path, reason] of Object.entries(STILLS)) {
    t.match(await client.call('why', { path }), { served: { state: 'not-media', reason } }, path);
  }

  const { assets, ineligibleBy } = await client.call('status', {});
  t.match(assets, { total: onCards + 1 + CLIPS.length, ready: CLIPS.length }, 'frames of sequences are no clips');
  const counts = new Map(ineligibleBy.map(({ reason, count }) => [reason, count]));
  t.equal(counts.get('it is a proxy itself, made by the camera'), 1);
  for (const [card, paths] of Object.entries(CARDS)) {
    const reason = `it belongs to ${card} card, whose files describe each other and stay together`;
    t.equal(counts.get(reason), paths.filter(isClip).length, card);
  }

  const listed = (await client.call('ls', { path: 'latin 1' })).entries;
  t.match(listed, [{ state: 'ineligible', reason: /^its name is not valid UTF-8/ }], 'a name that is no text');

  await rename(join(source, 'EX/BPAV'), join(source, 'EX/picked'));
  await rename(join(source, 'loose'), join(source, 'XDROOT'));
  await prewarm();
  const out = await client.call('why', { path: 'EX/picked/CLPR/1_0001_01/1_0001_01.MP4' });
  t.match(out, { served: { variant: 'proxy' } }, 'a clip that was taken out of its card');
  const into = await client.call('why', { path: 'XDROOT/0001AB.MXF' });
  t.match(into, { served: { variant: 'master', reason: /a Sony XDCAM card/ } }, 'a clip that was put into a card');
});
