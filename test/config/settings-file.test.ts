import { chmod, mkdir, symlink, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import t from 'tap';
import type { RealPath } from '../../src/base/paths.js';
import { readSettings, traceSettings } from '../../src/config/read-settings.js';
import { keyOf } from '../../src/config/setting.js';
import { SETTINGS } from '../../src/config/settings.js';
import { parseSettingsFile } from '../../src/config/settings-file.js';
import { loadSettingsFiles } from '../../src/config/settings-files.js';

const parse = (text: string) => parseSettingsFile('/etc/p.toml', text, { kind: 'user' });
const plain = (text: string) => Object.fromEntries([...parse(text).values].map(([name, { value }]) => [name, value]));

t.test('every setting can be said in a file, by a key of its own', (t) => {
  const keys = Object.values(SETTINGS).map(keyOf);
  t.equal(new Set(keys).size, keys.length);
  for (const key of keys) t.match(key, /^[a-z]+(-[a-z]+)*$/);
  t.same(
    plain(
      'workers = 3\nstall-seconds = 90\ndisk-reserve = "20G"\nhooks = ["a b", "c"]\npassthrough = false\npool = "~/p"',
    ),
    {
      ...{ workers: 3, stallSeconds: 90, diskReserveBytes: 20e9, hooks: ['a b', 'c'] },
      ...{ passthrough: false, poolDir: join(homedir(), 'p') },
    },
  );
  t.end();
});

t.test('what is wrong in a file is named with its line, the reason and the nearest right name', (t) => {
  const refused = (text: string, message: RegExp) =>
    t.throws(() => parse(text), { code: 'config/invalid', message }, text);
  refused('workers = 2\n\nworker = 3', /^\/etc\/p\.toml:3: there is no setting 'worker', did you mean 'workers'; /);
  refused('stall_seconds = 3', /:1: .*did you mean 'stall-seconds'/);
  refused('Workres = 3', /did you mean 'workers'/);
  refused('colour-of-the-sky = "blue"', /:1: there is no setting 'colour-of-the-sky'; 'proxyfs config'/);
  refused('# a\nworkers = "many"', /:2: 'workers' cannot be 'many': give a whole number from 0 to 64/);
  refused('workers = [1]', /cannot be '\[1\]'/);
  refused('writes = 2020-01-01', /'writes' cannot be/);
  refused('workers = 1\nworkers = 2', /:2: this is not TOML/);
  refused('workers 1', /^\/etc\/p\.toml:1: this is not TOML/);
  refused('pool = "proxies"', /'pool' has to be an absolute path/);
  refused('[project."/a"]\nworkers = 1\n[project."/b"]\nready = "never"', /:4: 'ready' cannot be 'never'/);
  refused('[project."/a"]\n\n"workerz" = 1', /:3: there is no setting 'workerz'/);
  refused('[project.show]\nworkers = 1', /:1: 'show' is no absolute path/);
  refused('[proyect."/a"]\nworkers = 1', /:1: there is no setting 'proyect', did you mean 'project'/);
  t.end();
});

t.test(
  'flag, environment, section, project file, user file, default: the first that says something wins',
  async (t) => {
    const root = t.testdir() as RealPath;
    const source = join(root, 'show') as RealPath;
    await mkdir(join(source, '.proxyfs'), { recursive: true, mode: 0o755 });
    await mkdir(join(root, 'config', 'proxyfs'), { recursive: true });
    await symlink(source, join(root, 'link'));
    const projectFile = join(source, '.proxyfs', 'proxyfs.toml');
    const userFile = join(root, 'config', 'proxyfs', 'proxyfs.toml');
    await writeFile(
      projectFile,
      'settle-ms = 4\nstall-seconds = 4\nready = "auto"\nworkers = 4\nmissing = "deny"\npool = ".proxyfs/pool"',
    );
    await writeFile(
      userFile,
      `scan-parallelism = 5\nsettle-ms = 5\nstall-seconds = 5\n[project."${join(root, 'link')}"]\nready = "flush"\nworkers = 3\nstall-seconds = 3\n[project."/else"]\nworkers = 9`,
    );
    const env = { XDG_CONFIG_HOME: join(root, 'config'), PROXYFS_WORKERS: '2', PROXYFS_READY: 'idle' };
    const traced = traceSettings({ workers: 1 }, env, await loadSettingsFiles(source, env));
    t.match(traced, {
      workers: { value: 1, origin: 'flag', where: '--workers' },
      ready: { value: 'idle', origin: 'environment', where: 'PROXYFS_READY' },
      stallSeconds: { value: 3, origin: 'user-section', where: `${userFile}:7` },
      settleMs: { value: 4, origin: 'project-file', where: `${projectFile}:1` },
      poolDir: { value: join(source, '.proxyfs', 'pool') },
      scanParallelism: { value: 5, origin: 'user-file', where: `${userFile}:1` },
      writes: { value: 'deny', origin: 'default', where: '' },
    });
    t.equal(readSettings({}, {}, []).workers, SETTINGS.workers.fallback, 'without files nothing changes');
  },
);

t.test('a file that others can write may set how, but not what runs or where it writes', async (t) => {
  const source = t.testdir() as RealPath;
  const [folder, file] = [join(source, '.proxyfs'), join(source, '.proxyfs', 'proxyfs.toml')];
  await mkdir(folder);
  await chmod(folder, 0o777);
  await writeFile(file, 'workers = 4');
  const env = { XDG_CONFIG_HOME: source };
  t.equal((await loadSettingsFiles(source, env)).length, 1);
  for (const text of ['hooks = ["reboot"]', 'ffmpeg = "/tmp/ffmpeg"', 'pool = "/etc"']) {
    await writeFile(file, text);
    await t.rejects(loadSettingsFiles(source, env), {
      code: 'config/invalid',
      message: new RegExp(
        `${file}:1: '.*' is not taken from this file, since others than its owner may write ${folder}`,
      ),
    });
  }
  await chmod(folder, 0o755);
  await chmod(file, 0o644);
  t.equal((await loadSettingsFiles(source, env)).length, 1, 'until it is its owner’s alone');
  await writeFile(file, '[project."/a"]\nworkers = 1');
  await t.rejects(loadSettingsFiles(source, env), { message: /:1: sections for projects belong into the user's file/ });
});
