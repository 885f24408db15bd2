import t from 'tap';
import type { RealPath, VirtualPath } from '../../src/base/paths.js';
import { plainReason } from '../../src/generate/plain-reason.js';

t.test('equal failures of clips that lie elsewhere have equal reasons', async (t) => {
  const places = { source: '/raid/show (1)' as RealPath, pool: { directory: '/ssd/pool [a]' as RealPath } };
  const of = (reason: string, path = 'A: 1/x y.mov') => plainReason(reason, places, path as VirtualPath);
  t.equal(of('file:/raid/show (1)/A: 1/x y.mov: Invalid data'), 'the master: Invalid data');
  t.equal(of("cannot open '/raid/show (1)/A: 1/x y.mov'"), "cannot open 'the master'");
  t.equal(of('file:/ssd/pool [a]/tmp/asset-3.39-79.7b.mov: Invalid data'), 'the proxy: Invalid data');
  t.equal(of('no space for /ssd/pool [a]/segments/0abc/12-0.mov, it says'), 'no space for the proxy, it says');
  t.equal(of('/ssd/pool a/tmp/x.mov is another place'), '/ssd/pool a/tmp/x.mov is another place');
  t.equal(plainReason('nothing to leave out', places, undefined), 'nothing to leave out');
});
