import t from 'tap';
import { eventsOfAdopted } from '../../mountd/record-job.js';
import type { AssetId } from '../../src/base/ids.js';
import type { VirtualPath } from '../../src/base/paths.js';
import type { AssetRow } from '../../src/catalog/asset.js';
import type { Enqueued } from '../../src/generate/enqueue.js';

t.test('a proxy that was in the pool already is in the journal, although no job made it', async (t) => {
  const path = 'A001/one.mov' as VirtualPath;
  const asset = { id: 7 as AssetId, paths: [path] } as unknown as AssetRow;
  const answers: Enqueued[] = [
    { asset, path, kind: 'adopted', proxySize: 9 },
    { asset, path, kind: 'already-there', proxySize: 9 },
  ];
  t.same(
    eventsOfAdopted(answers, () => 'light'),
    [{ kind: 'adopted', path, asset: 7, facts: { profile: 'light', size: 9 } }],
  );
});
