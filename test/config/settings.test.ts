import t from 'tap';
import { readSettings } from '../../src/config/read-settings.js';
import { SETTINGS } from '../../src/config/settings.js';

t.test('without flags and environment every setting has its documented default', async (t) => {
  const settings = readSettings({}, {});
  t.same(Object.keys(settings).sort(), Object.keys(SETTINGS).sort());
  for (const [name, setting] of Object.entries(SETTINGS)) {
    t.same(settings[name as keyof typeof SETTINGS], setting.fallback, name);
    t.match(setting.sentence, /^[A-Z].*\.$/, `${name} is explained`);
    if (setting.fallback !== undefined) t.ok(setting.schema.safeParse(setting.fallback).success, `${name} is valid`);
  }
  const variables = Object.values(SETTINGS).map((setting) => setting.env);
  t.equal(new Set(variables).size, variables.length, 'each has its own variable');
});

t.test('a flag wins over the environment, the environment over the default', async (t) => {
  const env = { PROXYFS_WORKERS: '3', PROXYFS_WRITES: 'demote', PROXYFS_READY: '' };
  t.match(readSettings({ workers: 5, ready: undefined }, env), { workers: 5, writes: 'demote', ready: 'idle' });
  t.equal(readSettings({}, env).workers, 3);
});

t.test('numbers, sizes and lists are read from text', async (t) => {
  const env = {
    PROXYFS_DISK_RESERVE: '20g',
    PROXYFS_CACHE_SECONDS: '0.5',
    PROXYFS_HOOKS: 'systemctl reload smbd\n\n  touch /tmp/x\n',
    PROXYFS_FFMPEG: '/opt/ffmpeg',
  };
  t.match(readSettings({}, env), {
    diskReserveBytes: 20e9,
    cacheSeconds: 0.5,
    hooks: ['systemctl reload smbd', '  touch /tmp/x'],
    ffmpegPath: '/opt/ffmpeg',
  });
  t.same(readSettings({ hooks: ['a', 'b'], diskReserveBytes: '500' }, env).hooks, ['a', 'b']);
});

t.test('what cannot be is refused with its origin and what it may be', async (t) => {
  const refused = (flags: object, env: Record<string, string>, message: RegExp) =>
    t.throws(() => readSettings(flags, env), { code: 'config/invalid', message });
  refused({}, { PROXYFS_WORKERS: 'many' }, /environment variable PROXYFS_WORKERS cannot be 'many'.*from 0 to 64/s);
  refused({ workers: 65 }, {}, /--workers cannot be '65'/);
  refused({ workers: 1.5 }, {}, /whole number/);
  refused({ writes: 'maybe' }, {}, /deny \| demote/);
  refused({}, { PROXYFS_DISK_RESERVE: '5 apples' }, /with K, M, G or T/);
  refused({}, { PROXYFS_STALL_SECONDS: '-1' }, /from 1/);
  refused({ profile: '' }, {}, /--profile cannot be ''/);
  for (const nothing of ['0', '0%', '0 GB'])
    refused({ poolQuota: nothing }, {}, /--pool-quota cannot be .*: give bytes above 0/);
  refused({ scrubRate: '0' }, {}, /--scrub-rate cannot be '0': give bytes from 10K/);
  refused({ logSize: 0 }, {}, /--log-size cannot be '0'/);
  refused({}, { PROXYFS_WORKER: '2' }, /variable PROXYFS_WORKER is no setting, did you mean PROXYFS_WORKERS;/);
  refused({}, { PROXYFS_POOLQUOTA: '2' }, /did you mean PROXYFS_POOL_QUOTA/);
});

t.test('variables that only begin like ours, and those of hooks, are no mistakes', async (t) => {
  const service = {
    PROXYFS_PORT: 'tcp://10.0.0.1:80',
    PROXYFS_SERVICE_HOST: '10.0.0.1',
    PROXYFS_PORT_80_TCP_PROTO: 'tcp',
  };
  const env = { ...service, PROXYFS_VERSION: '2', PROXYFS_MODE: 'proxy', PROXYFS_SOURCE: '/raid', PROXYFS_WORKER: '' };
  t.same(readSettings({}, env), readSettings({}, {}));
});
