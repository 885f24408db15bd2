/** The page docs/profiles.md, from the table of profiles and the last measurement. Pure. */

import { describeProfile, type ProfileRow } from '../../src/profiles/describe.js';
import { EDITORS, setOfEditor, titleOfEditor } from '../../src/profiles/editors.js';
import { DEFAULT_PROFILE, listProfiles } from '../../src/profiles/profiles.js';
import type { Measured } from './measure.js';

export function profilesPage(measured: Measured): string {
  const rows = listProfiles().map(describeProfile);
  return `${[...head(), ...sets(rows), ...formats(rows), ...choosing(rows), ...figures(measured), ...pictures(), ...rules()].join('\n')}\n`;
}

const head = () => [
  '# Profiles',
  '',
  '<!-- Made by scripts/profiles/run from the table of profiles and a measurement; a test compares. -->',
  '',
  'A profile says what proxies are made. `proxyfs profiles` lists them, `proxyfs plan PATH --profile NAME`',
  'shows the exact command for a clip, and why each argument is there. Profiles never change their meaning:',
  'one that has to gets a higher version, and its proxies are made anew.',
  '',
];

function sets(rows: readonly ProfileRow[]): string[] {
  return [
    '## Sets: for mounts',
    '',
    'A path keeps its name in both modes, so the container of a proxy follows the extension of its master.',
    `The default is \`${DEFAULT_PROFILE}\`.`,
    '',
    ...table(['set', 'master', 'proxy', 'size', 'audio'], rows.filter(({ kind }) => kind === 'set').flatMap(setLines)),
    '',
    'A size may follow the name of a set: `edit@half`, `edit@quarter`, `edit_dnx@540` (as near to so many lines',
    'as a whole divisor comes, and not below). Pictures are never enlarged, always even, and always the master’s size',
    'through a whole number, so that their shape is exact; where that number does not divide the picture, the',
    'next smaller one is taken.',
    '',
    'Several sets of one project may exist side by side:',
    '',
    '```console',
    '$ proxyfs prewarm /mnt/show --profile light     # make them',
    '$ proxyfs mode proxy --profile light            # serve them, everywhere',
    '$ proxyfs mode proxy --profile edit A001        # or below one folder',
    '$ proxyfs mode --clear A001                     # as the project again',
    '```',
    '',
  ];
}

function setLines({ name, size, makes }: ProfileRow): string[][] {
  return makes.map(({ extension, video, otherwise, audio }, index) => {
    const codec = otherwise === null ? video : `${video}; ${otherwise} where it cannot state the picture`;
    return [index === 0 ? `\`${name}\`` : '', extension, codec, index === 0 ? size : '', audio];
  });
}

function formats(rows: readonly ProfileRow[]): string[] {
  const lines = rows
    .filter(({ kind }) => kind === 'format')
    .flatMap(({ name, size, engine, makes }) =>
      makes.map(({ video, container, audio }) => [`\`${name}\``, video, container, size, audio, engine]),
    );
  return [
    '## Formats: for jobs',
    '',
    'Every master becomes a file of this kind. Their names and meanings are fixed.',
    '',
    ...table(['name', 'video', 'container', 'size', 'audio', 'engine'], lines),
    '',
    'The engine `resolve` is DaVinci Resolve Studio, driven through its scripting interface: it must be installed',
    'on this machine, running (`resolve -nogui` is enough), and take scripts (*Preferences > System > General >',
    'External scripting using: Local*). Camera RAW (ARRIRAW, R3D, BRAW, CinemaDNG, ProRes RAW, X-OCN, Canon RAW)',
    'and whatever the installed FFmpeg turns out not to decode need it; everything else needs `ffmpeg`. A profile',
    'of the other engine is refused before anything runs.',
    '',
  ];
}

function choosing(rows: readonly ProfileRow[]): string[] {
  const advice = rows.map(({ name, advice: who }) => [`\`${name}\``, who]);
  const editors = EDITORS.map((editor) => [titleOfEditor(editor), `\`--nle ${editor}\``, `\`${setOfEditor(editor)}\``]);
  return [
    '## Who should choose which',
    '',
    ...table(['profile', 'for'], advice),
    '',
    '**By editor.** `proxyfs mount --nle NAME` picks the set:',
    '',
    ...table(['editor', 'option', 'set'], editors),
    '',
    'With `--nle auto` the first of these programs that opens a clip decides, once; until then nothing is made',
    'unasked.',
    '',
    '**By storage.** On one spinning disk or a stick take `light`; on an SSD `edit` or `edit_dnx`: what limits',
    'there is decoding, and all of them have key frames only.',
    '',
    '**By network.** Divide what the line carries by the Mbit/s below and by the tracks you play at once.',
    'Gigabit Ethernet carries about 900 Mbit/s.',
    '',
    '**Smaller pictures** under the same path move whatever an editor keeps in source pixels: Premiere’s Motion,',
    'Resolve’s input sizing. They are safe where clips are scaled to the frame (*Set to Frame Size*, *Scale entire',
    'image to fit*) before anything else is done to them; otherwise keep the master’s size.',
    '',
  ];
}

function figures({ clip, machine, ffmpeg, masters, rows }: Measured): string[] {
  const lines = rows.map(({ profile, master, picture, mbits, makes, decodes }) => [
    ...[`\`${profile}\``, master.replace('master', ''), picture],
    ...[mbits, makes, decodes].map(String),
  ]);
  return [
    '## Measured',
    '',
    `On ${machine}, FFmpeg ${ffmpeg}; clip: ${clip}. Making uses all cores, decoding one thread.`,
    'Others worked on the machine meanwhile: speeds vary by a factor of two between equal runs, sizes do not.',
    'Real footage differs in size; the order stays.',
    '',
    ...table(
      ['master', 'codec', 'Mbit/s', 'decodes, frames/s'],
      masters.map(({ name, codec, mbits, decodes }) => [name.replace('master', ''), codec, `${mbits}`, `${decodes}`]),
    ),
    '',
    ...table(['profile', 'master', 'picture', 'Mbit/s', 'is made, frames/s', 'decodes, frames/s'], lines),
    '',
  ];
}

const pictures = () => [
  '## Pictures',
  '',
  'With each proxy come a poster (JPEG, at most 1280 pixels long, from the end of the first quarter of the clip) and a',
  'sheet of at most 100 small pictures (JPEG) with an index (WebVTT with `#xywh` places, as web players take it), out of',
  'the same decode. They show the clip upright, with square pixels and with the look of the set, if it has one.',
  '`proxyfs pictures [PATH...]`, with `--json` for programs, says where they lie: in the pool beside the proxy, as',
  '`KEY.poster.jpg`, `KEY.sprite.jpg` and `KEY.sprite.vtt`. They go when the proxy goes. `pictures = false` in the',
  '[settings](settings.md) leaves them out. Proxies that were taken over have none, nor have clips that an edit list',
  'trims; where pictures cannot be made the log says so, and the proxy is made without them.',
  '',
];

const rules = () => [
  '## Looks',
  '',
  '`proxyfs looks --add FILE.cube` checks a `.cube` table, of one or three dimensions, and keeps a copy with the project;',
  '`edit+NAME` is the set made with it, `edit` stays without. `proxyfs mode proxy --profile edit+NAME` makes and serves it.',
  'The samples become RGB by the master’s own matrix and range, and video again by those of the result, which the proxy’s',
  'tags then state: BT.709, or with `--output hlg` or `pq` BT.2020. A look is never applied unasked: an editor that grades',
  'the clip would apply it twice.',
  '',
  '## Hardware encoders',
  '',
  '`proxyfs mount --hardware auto` (or `nvenc`, `qsv`, `vaapi`, `videotoolbox`) lets a graphics card make H.264 proxies, where',
  'one second encoded by it passes the validation of proxies. What comes of the trial stands in the log, once; where',
  'none passes, software makes all of them.',
  '',
  '## Equal input, equal bytes',
  '',
  'The same master, profile and FFmpeg build give the same file to the byte, on any machine and with any',
  'number of threads. The identity (UMID) of an MXF proxy follows from master, recipe and build.',
];

function table(heads: readonly string[], lines: readonly (readonly string[])[]): string[] {
  const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [row(heads), row(heads.map(() => '---')), ...lines.map(row)];
}
