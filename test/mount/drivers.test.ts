import t from 'tap';
import type { DriverKind, MountDriver } from '../../src/mount/driver.js';
import { type Attempt, chooseDriver } from '../../src/mount/drivers.js';
import { whyNoMount } from './hosted-volume.js';

const works = (kind: DriverKind) => async (): Promise<Attempt> => ({ driver: fakeDriver(kind) });
const fails = (obstacle: string) => async (): Promise<Attempt> => ({ obstacle });

function fakeDriver(kind: DriverKind): MountDriver {
  return { kind, mount: () => Promise.reject(new Error('not mounted in this test')) };
}

t.test('auto takes the native driver where it works', async (t) => {
  const chosen = await chooseDriver('auto', { native: works('native'), portable: works('portable') });
  t.match(chosen, { kind: 'native', reason: /addon loads/ });
});

t.test('auto falls back to the portable driver and says why', async (t) => {
  const chosen = await chooseDriver('auto', { native: fails('not built'), portable: works('portable') });
  t.match(chosen, { kind: 'portable', reason: /not built/ });
});

t.test('a driver that was asked for is not replaced by the other', async (t) => {
  const attempts = { native: fails('not built'), portable: works('portable') };
  await t.rejects(chooseDriver('native', attempts), { code: 'driver/unavailable', message: /not built/ });
  t.match(await chooseDriver('portable', { ...attempts, native: works('native') }), { kind: 'portable' });
});

t.test('when neither works the error names what is in the way of each', async (t) => {
  const attempts = { native: fails('not built'), portable: fails('no prebuilt library') };
  await t.rejects(chooseDriver('auto', attempts), {
    code: 'driver/unavailable',
    message: /native driver: not built.*portable driver: no prebuilt library/,
    details: { native: 'not built', portable: 'no prebuilt library' },
  });
});

t.test('both drivers are there on a machine that can mount', { skip: await whyNoMount() }, async (t) => {
  t.equal((await chooseDriver('auto')).kind, 'native');
  t.equal((await chooseDriver('portable')).kind, 'portable');
});
