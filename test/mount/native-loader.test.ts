import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import t from 'tap';
import { loadNativeAddon } from '../../src/mount/native-loader.js';

const skip = process.platform === 'linux' ? false : 'the addon exists on Linux only';

t.test('the built addon is found and says what this process may do', { skip }, (t) => {
  t.match(loadNativeAddon().probe(), { deviceUsable: Boolean, capSysAdmin: Boolean });
  t.end();
});

t.test('a missing or broken addon is reported with the way out', { skip }, async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'proxyfs-loader-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  t.throws(() => loadNativeAddon(folder), { code: 'driver/unavailable', message: /npm run install/ });
  const built = join(folder, 'native', 'build', 'Release');
  await mkdir(built, { recursive: true });
  await writeFile(join(built, 'proxyfs.node'), 'not an ELF file');
  t.throws(() => loadNativeAddon(join(folder, 'src')), { code: 'driver/unavailable', message: /cannot be loaded/ });
});
