import t from 'tap';
import { testDriver } from './driver-conformance.js';
import { whyNoMount } from './hosted-volume.js';

const skip = await whyNoMount();

t.test('the native driver reads, flips and pins like any driver', { skip }, (t) =>
  testDriver(t, { driver: 'native', passthrough: true, maps: 'shared', flips: 1000 }),
);
