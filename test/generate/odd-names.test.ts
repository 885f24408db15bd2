/** Names that mean something to FFmpeg, to shells or to indexes, through probe, encoder, pictures and validation. */

import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import t from 'tap';
import { compareFacts } from '../../scripts/judge/compare.js';
import { ffprobeFacts } from '../../scripts/judge/facts.js';
import type { VirtualPath } from '../../src/base/paths.js';
import { makeBox } from '../../src/probe/quicktime-boxes.js';
import { openProject } from '../fixtures/generation.js';
import { hasFfmpeg, makeClip } from '../fixtures/media.js';

const skip = (await hasFfmpeg()) ? false : 'ffmpeg is not installed';
t.setTimeout(300_000);

const NAMES: readonly string[] = [
  ...['-i.mov', 'pipe:1.mov', 'file:a.mov', 'concat:a.mov|b.mov', 'data:text,a.mov', 'http:a.mp4', '%03d.mp4'],
  ...['new\nline.mov', 'return\rtab\t.mp4', `quote'"double.mov`, 'back\\slash.mov', 'list,[of];{filters}=.mov'],
  ...['$(echo)`echo`.mp4', 'star*?.mov', ' spaces .mov', '.hidden.mov', 'e\u0301 \u202E🎬.mov', 'a.mov.mp4'],
  `${'l'.repeat(251)}.mov`,
];

t.test('a name is a name, whatever it spells', { skip }, async (t) => {
  const directory = await mkdtemp(join(tmpdir(), 'proxyfs-names-'));
  const project = await openProject(directory, { makesPictures: true });
  t.teardown(async () => {
    project.close();
    await rm(directory, { recursive: true, force: true });
  });
  const { source, catalog, pool } = project;
  const small = { frames: 6, width: 128, height: 72 };
  const clips = await Promise.all(['.mov', '.mp4'].map((kind) => makeClip(directory, `clip${kind}`, small)));
  for (const [index, name] of NAMES.entries()) {
    const clip = await readFile(clips.find((file) => extname(file) === extname(name)) ?? '');
    // Of equal clips one would stand for all.
    await writeFile(join(source, name), Buffer.concat([clip, makeBox('free', Buffer.from([index]))]));
  }
  await project.prewarm();
  const finished = await project.work({ workers: 2 });
  const outcomes = new Map(finished.map(({ path, outcome }) => [path as string | undefined, outcome]));
  t.same([...outcomes.keys()].sort(), [...NAMES].sort());
  for (const name of NAMES) {
    t.match(outcomes.get(name), { kind: 'published' }, name);
    const [variant] = catalog.variantsOf(catalog.byPath(name as VirtualPath)?.id ?? fail(name));
    const file = pool.fileOf(variant?.poolKey ?? fail(name), variant?.extension ?? '');
    t.same(compareFacts(await ffprobeFacts(join(source, name)), await ffprobeFacts(file)), [], name);
    t.ok(existsSync(file.replace(/\.\w+$/, '.poster.jpg')), `${name}: poster`);
  }
});

function fail(path: string): never {
  throw new Error(`${path} is not known`);
}
