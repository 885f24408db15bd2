import t from 'tap';
import { testDriver } from './driver-conformance.js';
import { whyNoMount } from './hosted-volume.js';

const skip = await whyNoMount();

t.test('the portable driver reads, flips and pins like any driver', { skip }, (t) =>
  testDriver(t, {
    driver: 'portable',
    passthrough: false,
    maps: 'private',
    flips: 1000,
    checkInfo: (t, info) => {
      t.equal(info.via, 'libfuse');
      t.match(info.limits.join('\n'), /main thread/);
      t.match(info.limits.join('\n'), /No kernel passthrough/);
    },
  }),
);
