/**
 * Difficult masters through the whole generator. What is published is judged by ffprobe and
 * by the pictures that FFmpeg shows of both, not by the validation that let it pass.
 */

import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import t from 'tap';
import { compareFacts } from '../../scripts/judge/compare.js';
import { ffprobeFacts } from '../../scripts/judge/facts.js';
import type { VirtualPath } from '../../src/base/paths.js';
import { planProxy } from '../../src/generate/plan.js';
import { DIFFICULT_MASTERS } from '../fixtures/difficult-masters.js';
import { openProject, type Project } from '../fixtures/generation.js';
import { hasFfmpeg } from '../fixtures/media.js';

const run = promisify(execFile);
const skip = (await hasFfmpeg()) ? false : 'ffmpeg is not installed';

// Some sixty clips are made, probed, encoded, read back and judged: under a minute on two idle cores.
t.setTimeout(400_000);

t.test('every difficult master gets an equal proxy or the reason why not', { skip }, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'proxyfs-difficult-'));
  const project = await openProject(directory);
  t.teardown(async () => {
    project.close();
    await rm(directory, { recursive: true, force: true });
  });
  await inTwoLanes(DIFFICULT_MASTERS, ({ name, make }) => make(join(project.source, name)));
  await project.prewarm();
  const finished = await project.work({ workers: 2 });
  const outcomes = new Map(finished.map(({ path, outcome }) => [path as string, outcome]));
  await inTwoLanes(DIFFICULT_MASTERS, async (master) => {
    const verdict = verdictOf(project, master.name);
    if (master.kind === 'refused') {
      t.match(verdict, { code: master.code, reason: /\w+ \w+/ }, master.name);
      t.notOk(outcomes.has(master.name), `${master.name}: nothing was tried`);
      return;
    }
    t.equal(verdict, undefined, `${master.name} is eligible`);
    t.match(outcomes.get(master.name), { kind: 'published' }, master.name);
    t.same(await differences(project, master.name, master.codec), [], master.name);
  });
});

/** Why there is no proxy; undefined where there may be one. */
function verdictOf(project: Project, name: string): { code: string; reason: string } | undefined {
  const asset = project.catalog.byPath(name as VirtualPath);
  if (asset === undefined) throw new Error(`${name} was not found`);
  const { eligibility } = asset;
  if (eligibility.kind === 'ineligible') return eligibility;
  const plan = planProxy(asset, project.profile, project);
  return plan.kind === 'refused' ? plan : undefined;
}

async function differences(project: Project, name: string, wantedCodec: string): Promise<readonly string[]> {
  const asset = project.catalog.byPath(name as VirtualPath);
  const [variant] = asset === undefined ? [] : project.catalog.variantsOf(asset.id);
  if (variant === undefined) return ['nothing is published'];
  const [master, file] = [join(project.source, name), project.pool.fileOf(variant.poolKey, variant.extension)];
  const codec = await said('ffprobe', ['-select_streams', 'v:0', '-show_entries', 'stream=codec_name'], file);
  const [wanted, found] = [await ffprobeFacts(master), await ffprobeFacts(file)];
  return [
    ...(codec === wantedCodec ? [] : [`codec: ${wantedCodec} expected, ${codec} found`]),
    ...compareFacts(wanted, found),
    ...comparePictures(await pictures(master), await pictures(file)),
  ];
}

async function said(program: string, words: readonly string[], file: string): Promise<string> {
  const { stdout } = await run(program, ['-v', 'error', ...words, '-of', 'csv=p=0', `file:${file}`]);
  return stdout.split(/[,\n]/)[0] ?? '';
}

const [WIDE, HIGH] = [32, 18];

/** Every picture that is shown, small and grey, one after the other. */
async function pictures(file: string): Promise<Buffer> {
  const small = ['-vf', `scale=${WIDE}:${HIGH}:flags=area,format=gray`, '-fps_mode', 'passthrough'];
  const words = [
    '-v',
    'error',
    '-noautorotate',
    '-i',
    `file:${file}`,
    '-map',
    '0:v:0',
    ...small,
    '-f',
    'rawvideo',
    '-',
  ];
  return (await run('ffmpeg', words, { encoding: 'buffer', maxBuffer: 1 << 26 })).stdout;
}

/** The same number, each like that of the master, and more like it than like its neighbours. */
function comparePictures(master: Buffer, proxy: Buffer): string[] {
  const size = WIDE * HIGH;
  const count = master.length / size;
  if (count === 0 || proxy.length !== master.length)
    return [`shows ${proxy.length / size} pictures, its master ${count}`];
  const of = (all: Buffer, frame: number) => all.subarray(frame * size, (frame + 1) * size);
  return Array.from({ length: count }, (_, frame) => frame).flatMap((frame) => {
    const likeness = (other: number) => correlate(of(proxy, frame), of(master, other));
    const own = likeness(frame);
    const others = [frame - 1, frame + 1].filter((other) => other >= 0 && other < count).map(likeness);
    return own < 0.98 || others.some((other) => other >= own) ? [`picture ${frame}: ${own.toFixed(3)}, ${others}`] : [];
  });
}

/** From -1 to 1, whatever the range of the levels: programs show a picture without a stated range in either way. */
function correlate(a: Buffer, b: Buffer): number {
  const mean = (all: Buffer) => all.reduce((sum, level) => sum + level, 0) / all.length;
  const [middleA, middleB] = [mean(a), mean(b)];
  let [both, ofA, ofB] = [0, 0, 0];
  a.forEach((level, at) => {
    const [x, y] = [level - middleA, (b[at] ?? 0) - middleB];
    both += x * y;
    ofA += x * x;
    ofB += y * y;
  });
  return both / Math.sqrt(ofA * ofB);
}

async function inTwoLanes<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const waiting = items.values();
  const lane = async () => {
    for (const item of waiting) await act(item);
  };
  await Promise.all([lane(), lane()]);
}
