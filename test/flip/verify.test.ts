import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import t from 'tap';
import type { RealPath, VirtualPath } from '../../src/base/paths.js';
import { verify } from '../../src/flip/verify.js';
import type { ViewEntry } from '../../src/view/view.js';

const WINDOW = 64 * 1024;

t.test('what the mount shows has the size, the head and the tail of the file that it is to serve', async (t) => {
  const dir = t.testdir();
  const [source, mountPoint] = [join(dir, 'source') as RealPath, join(dir, 'mount') as RealPath];
  for (const folder of [source, mountPoint]) mkdirSync(folder);
  const path = 'a.mov' as VirtualPath;
  const entry = { swap: { kind: 'master' } } as unknown as ViewEntry;
  const whole = Buffer.alloc(3 * WINDOW, 1);
  const said = async (seen: Buffer | undefined) => {
    writeFileSync(join(source, path), whole);
    rmSync(join(mountPoint, path), { force: true });
    if (seen !== undefined) writeFileSync(join(mountPoint, path), seen);
    return (await verify([{ path, entry }], { source, mountPoint })).map(({ reason }) => reason);
  };
  const changedAt = (offset: number) => {
    const copy = Buffer.from(whole);
    copy[offset] = 2;
    return copy;
  };
  t.same(await said(whole), []);
  t.match(await said(whole.subarray(1)), [`it has ${whole.length - 1} bytes instead of ${whole.length}`]);
  t.match(await said(changedAt(0)), ['its content differs at offset 0']);
  t.match(await said(changedAt(whole.length - 1)), [`its content differs at offset ${whole.length - WINDOW}`]);
  t.match(await said(undefined), [/^reading it fails: ENOENT/]);
  rmSync(join(source, path));
  t.same(await verify([{ path, entry }], { source, mountPoint }), [], 'gone meanwhile: nothing is served wrongly');
});
