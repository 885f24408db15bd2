import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import t from 'tap';
import type { RealPath } from '../../src/base/paths.js';
import { locateFfmpeg } from '../../src/ffmpeg/toolchain.js';
import { renderWithResolve } from '../../src/generate/resolve-engine.js';
import { routeFor } from '../../src/generate/route-master.js';
import { probeMedia } from '../../src/probe/probe.js';
import { findProfile } from '../../src/profiles/profiles.js';
import { hasFfmpeg, makeClip } from '../fixtures/media.js';

const directory = (await mkdtemp(join(tmpdir(), 'proxyfs-resolve-'))) as RealPath;
t.teardown(() => rm(directory, { recursive: true, force: true }));
const path = (name: string) => join(directory, name) as RealPath;

// Before the first test: one that ends while nothing else is known of ends them all.
const hasPython = await promisify(execFile)('python3', ['--version']).then(
  () => true,
  () => false,
);
const skip = (await hasFfmpeg()) ? {} : { skip: 'ffmpeg is not installed' };

t.test('without DaVinci Resolve the engine says what is missing, and makes nothing', async (t) => {
  const render = {
    profile: findProfile('proxy_prores_hq_resolve'),
    master: path('a.braw'),
    output: path('a.mov'),
  };
  const env = { PATH: process.env['PATH'], RESOLVE_SCRIPT_API: path('nowhere') };
  await t.rejects(renderWithResolve(render, { env }), {
    code: 'resolve/unavailable',
    message: /nowhere\/Modules\/DaVinciResolveScript\.py is missing; install DaVinci Resolve Studio/,
  });
});

const fixture = fileURLToPath(new URL('../../../test/fixtures/resolve', import.meta.url));

t.test(
  'a render is driven through the scripting interface, and leaves the projects as they were',
  hasPython ? {} : { skip: 'python3 is not installed' },
  async (t) => {
    const diary = path('diary');
    const attempt = async (profile: string, lacks = '') => {
      await writeFile(diary, '');
      const env = {
        PATH: process.env['PATH'],
        RESOLVE_SCRIPT_API: fixture,
        RESOLVE_SCRIPT_LIB: join(fixture, 'Modules', 'DaVinciResolveScript.py'),
        RESOLVE_DIARY: diary,
        RESOLVE_LACKS: lacks,
      };
      const percents: number[] = [];
      const render = { profile: findProfile(profile), master: path('A001.braw'), output: path('out.mov') };
      const file = await renderWithResolve(render, { env, onProgress: (percent) => percents.push(percent) });
      return { file, percents };
    };
    const { file, percents } = await attempt('proxy_prores_hq_resolve');
    t.equal(await readFile(file, 'utf8'), 'rendered');
    t.ok(percents.includes(50));
    const calls = await readFile(diary, 'utf8');
    t.match(calls, '["SetSetting", "timelineFrameRate", "23.976"]');
    t.match(calls, '["SetStartTimecode", "01:00:00:00"]');
    t.match(calls, '["SetCurrentRenderFormatAndCodec", "mov", "ProRes422HQ"]');
    t.match(calls, /DeleteProject.*\n.*LoadProject.*colourist/);
    await attempt('proxy_dnxhr_lb_resolve');
    t.match(await readFile(diary, 'utf8'), '["SetCurrentRenderFormatAndCodec", "mxf_op1a", "DNxHRLB"]');

    await t.rejects(attempt('proxy_prores_hq_resolve', 'codec'), {
      code: 'resolve/failed',
      message: /A001\.braw: this Resolve offers no 'Apple ProRes 422 HQ', only: H\.264/,
    });
    t.match(await readFile(diary, 'utf8'), 'DeleteProject', 'also after a failure');
    await t.rejects(attempt('proxy_prores_hq_resolve', 'decoder'), { message: /it cannot import the clip/ });
    await t.rejects(attempt('proxy_prores_hq_resolve', 'studio'), {
      code: 'resolve/unavailable',
      message: /no running DaVinci Resolve Studio accepts scripts/,
    });
    await t.rejects(attempt('proxy_prores_proxy'), { code: 'request/invalid' });
  },
);

t.test(
  'camera RAW and what FFmpeg cannot decode go to resolve, and a profile of the other engine is refused',
  skip,
  async (t) => {
    const toolchain = await locateFfmpeg();
    const low = findProfile('proxy_h264_low');
    const clip = await makeClip(directory, 'clip.mov', { frames: 3 });
    const media = await probeMedia(toolchain, clip, { count: false });
    t.match(await routeFor(low, toolchain, clip, media), { engine: 'ffmpeg' });
    const refused = (engine: string, routed: string) => ({
      code: 'profile/wrong-engine',
      message: new RegExp(`requires the ${engine} engine, but the job routes to ${routed}`),
    });
    await t.rejects(
      routeFor(findProfile('proxy_dnxhr_lb_resolve'), toolchain, clip, media),
      refused('resolve', 'ffmpeg'),
    );
    const expected = "Profile 'proxy_h264_low' requires the ffmpeg engine, but the job routes to resolve";
    await t.rejects(routeFor(low, toolchain, path('A001.r3d'), undefined), { message: new RegExp(expected) });
    const streams = media.streams.map((stream) => ({ ...stream, codecTag: stream.kind === 'video' ? 'aprn' : '' }));
    await t.rejects(routeFor(low, toolchain, clip, { ...media, streams }), { message: /its picture is ProRes RAW/ });
    // A tag that no decoder knows: found by trying.
    const bytes = await readFile(clip, 'latin1');
    await writeFile(path('strange.mov'), bytes.replaceAll(/apc[oshn]/g, 'zzzz'), 'latin1');
    await t.rejects(routeFor(low, toolchain, path('strange.mov'), undefined), {
      message: /this FFmpeg cannot decode it \(.+\)$/,
    });
  },
);
