// The floors of the house: a room imports only from its own floor's listed neighbours or from below.
// docs/architecture.md explains the rooms; `scripts/test` runs this check.

const FLOORS = [
  ['base', 'time', 'log', 'config'],
  ['store', 'ffmpeg', 'probe', 'fingerprint', 'mount'],
  ['catalog', 'profiles', 'validate', 'view', 'jobs', 'journal', 'pool', 'looks'],
  ['flip', 'scan', 'generate', 'adopt', 'cache', 'jobspec', 'politeness', 'segments', 'watchfolder'],
  ['control', 'metrics'],
];

const rooms = (names) => `^src/(${names.join('|')})/`;

/** No floor imports from a floor above it, nor from the programs. */
const upward = FLOORS.map((floor, level) => ({
  name: `floor-${level}-looks-down`,
  comment: `${floor.join(', ')} import only from their own floor and below`,
  severity: 'error',
  from: { path: rooms(floor) },
  to: { path: [...FLOORS.slice(level + 1).map(rooms), '^(mountd|ctl|scripts|test)/'] },
}));

/** A package that one room alone may import, so that it can be replaced in one place. */
const oneImporter = [
  ['better-sqlite3', '^src/store/'],
  ['execa', '^src/ffmpeg/'],
  ['pino', '^src/log/'],
  ['yargs', '^(mountd|ctl)/'],
  ['fuse-native', '^src/mount/'],
  ['chokidar', '^src/watchfolder/'],
  ['smol-toml', '^src/config/'],
  ['@napi-rs/blake-hash', '^src/(fingerprint|profiles|pool)/'],
].map(([name, allowed]) => ({
  name: `one-importer-of-${name.replace(/[^a-z0-9]+/g, '-')}`,
  severity: 'error',
  from: { pathNot: allowed },
  to: { path: `^(node_modules/)?${name}(/|$)` },
}));

module.exports = {
  forbidden: [
    ...upward,
    ...oneImporter,
    {
      name: 'lookups-never-wait',
      comment: 'what decides a lookup knows no encoder, no queue and no database',
      severity: 'error',
      from: { path: '^src/(mount|view)/' },
      to: { path: '^src/(jobs|generate|ffmpeg|store|catalog|journal|pool|scan|flip)/' },
    },
    {
      name: 'view-takes-only-types-from-probe',
      severity: 'error',
      from: { path: '^src/view/' },
      to: { path: '^src/probe/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'ctl-speaks-through-control',
      comment: 'the command never opens the database or touches the services behind the daemon',
      severity: 'error',
      from: { path: '^ctl/' },
      to: { path: '^(src/(store|catalog|jobs|journal|pool|flip|scan|generate|cache)|mountd)/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true, dependencyTypesNot: ['type-only'] } },
    { name: 'nothing-unresolved', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.d.ts', '.node', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
    },
  },
};
