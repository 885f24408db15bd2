import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import t, { type Test } from 'tap';
import { ROOT, type VirtualPath } from '../../src/base/paths.js';
import { enqueueMissing } from '../../src/generate/enqueue.js';
import { type Lie, openProject, type Project } from '../fixtures/generation.js';
import { hasFfmpeg, makeClip } from '../fixtures/media.js';

t.setTimeout(180_000);
const skip = (await hasFfmpeg()) ? false : 'ffmpeg is not installed';

async function projectOf(t: Test, lie?: Lie): Promise<Project> {
  const directory = await mkdtemp(join(tmpdir(), 'proxyfs-one-pass-'));
  const project = await openProject(directory, lie === undefined ? {} : { lie });
  t.teardown(async () => {
    project.close();
    await rm(directory, { recursive: true, force: true });
  });
  return project;
}

const PROFILES = ['edit', 'edit_dnx', 'light'];

/** Queues the clip in these profiles; the project's own comes with the scan. */
async function wish(project: Project, profiles: readonly string[]): Promise<void> {
  await project.prewarm();
  for (const profile of profiles) {
    const options = { jobClass: 'prewarm', profileOf: () => profile } as const;
    await enqueueMissing(project, project.catalog.below(ROOT), options);
  }
}

async function manifests(project: Project) {
  const asset = project.catalog.byPath('a.mov' as VirtualPath);
  const variants = asset === undefined ? [] : project.catalog.variantsOf(asset.id);
  return await Promise.all(variants.map(async ({ poolKey }) => await project.pool.find(poolKey)));
}

t.test('one decode makes every proxy that waits, each with the bytes of a run of its own', { skip }, async (t) => {
  const project = await projectOf(t);
  const clip = { timecode: '01:00:00:00', width: 640, height: 360, frames: 12, audio: [{}, { layout: 'mono' }] };
  await makeClip(project.source, 'a.mov', clip);
  await wish(project, PROFILES.slice(1));
  const finished = await project.work();
  t.same(finished.map(({ profile, outcome }) => `${profile} ${outcome.kind}`).sort(), [
    'edit published',
    'edit_dnx published',
    'light published',
  ]);
  const together = await manifests(project);
  t.equal(new Set(together.map((made) => made?.command.join(' '))).size, 1, 'one command');
  t.equal(together[0]?.command.filter((word) => word === '-i').length, 1, 'one input');
  t.same(project.temporaries(), []);
  const alone = new Map<string, string>();
  for (const profile of PROFILES) {
    const asset = project.catalog.byPath('a.mov' as VirtualPath);
    for (const { poolKey } of project.catalog.variantsOf(asset?.id as never)) await project.pool.remove(poolKey);
    const options = { jobClass: 'prewarm', profileOf: () => profile } as const;
    await enqueueMissing(project, project.catalog.below(ROOT), options);
    t.same(
      (await project.work()).map(({ outcome }) => outcome.kind),
      ['published'],
    );
    const made = (await manifests(project)).find((manifest) => manifest?.profile === profile);
    alone.set(profile, made?.output.blake3 ?? 'none');
  }
  for (const made of together) t.equal(made?.output.blake3, alone.get(made?.profile ?? ''), `${made?.profile}: bytes`);
});

t.test('a proxy of the pass that is wrong does not lose the others', { skip }, async (t) => {
  const project = await projectOf(t, 'truncates');
  await makeClip(project.source, 'a.mov', { frames: 12 });
  await wish(project, ['light']);
  // What lies truncates the last file of the command.
  const finished = await project.work();
  t.same(finished.map(({ profile, outcome }) => `${profile} ${outcome.kind}`).sort(), [
    'edit published',
    'light failed',
  ]);
  t.same(
    (await manifests(project)).map((manifest) => manifest?.profile),
    ['edit'],
  );
  t.match(project.queue.counts(), { done: 1, failed: 1, waiting: 0, running: 0 });
});

t.test('a pass that fails as a whole is tried one by one', { skip }, async (t) => {
  const project = await projectOf(t, 'fails');
  await makeClip(project.source, 'a.mov', { frames: 12 });
  await wish(project, ['light']);
  const finished = await project.work();
  t.same(finished.map(({ profile, outcome }) => `${profile} ${outcome.kind}`).sort(), ['edit failed', 'light failed']);
  t.match(project.queue.counts(), { failed: 2, waiting: 0, running: 0 });
  t.same(project.temporaries(), []);
});
