import t from 'tap';
import type { VirtualPath } from '../../src/base/paths.js';
import { Settling } from '../../src/scan/settle.js';
import type { WalkedFile } from '../../src/scan/walk.js';

t.test('a clock that is set back while a file is copied holds it up no longer than it takes to settle', async (t) => {
  let now = 10_000_000;
  const settling = new Settling({ now: () => now }, 2000);
  const file = {
    path: 'a.mov' as VirtualPath,
    identity: { dev: 1n, ino: 2n },
    master: { size: 9n, mtimeNs: BigInt(now) * 1_000_000n },
    ctimeNs: BigInt(now) * 1_000_000n,
  } as WalkedFile;
  t.equal(settling.remaining(file), 2000);
  now -= 3_600_000;
  t.equal(settling.remaining(file), 2000);
  now += 2000;
  t.equal(settling.remaining(file), 0);
});
