/**
 * What ffprobe, mediainfo and MLT say of a clip, as names and values. Left out is what a proxy
 * may change: codec, bits, size of the picture.
 */

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';
import { meltProfile } from './melt.js';

export type Facts = ReadonlyMap<string, string>;
type Fact = readonly [name: string, value: string | number | undefined];

const run = promisify(execFile);
const BIG = { maxBuffer: 1 << 26 };

export async function factsOf(file: string): Promise<Facts> {
  return known([await askFfprobe(file), await mediainfoFacts(file), await meltFacts(file)].flat());
}

/** What ffprobe says alone: for machines without the others. */
export async function ffprobeFacts(file: string): Promise<Facts> {
  return known(await askFfprobe(file));
}

const known = (said: readonly Fact[]): Facts =>
  new Map(said.flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)] as const])));

const text = z.string().optional();
const streamSchema = z.object({
  codec_type: z.string(),
  codec_name: text,
  nb_read_packets: text,
  ...{ r_frame_rate: text, avg_frame_rate: text, duration: text, start_time: text, field_order: text },
  pix_fmt: text,
  ...{ width: z.number().optional(), height: z.number().optional(), sample_aspect_ratio: text },
  ...{ color_range: text, color_space: text, color_primaries: text, color_transfer: text },
  ...{ channels: z.number().optional(), channel_layout: text, sample_rate: text },
  disposition: z.record(z.string(), z.number()).default({}),
  tags: z.record(z.string(), z.string()).default({}),
  side_data_list: z.array(z.object({ rotation: z.number().optional() })).default([]),
});
type Stream = z.infer<typeof streamSchema>;
const probeSchema = z.object({
  streams: z.array(streamSchema),
  format: z.object({ duration: text, tags: z.record(z.string(), z.string()).default({}) }),
});

async function askFfprobe(file: string): Promise<Fact[]> {
  const words = ['-v', 'error', '-count_packets', '-show_streams', '-show_format', '-of', 'json', `file:${file}`];
  const { streams, format } = probeSchema.parse(JSON.parse((await run('ffprobe', words, BIG)).stdout));
  const carried = streams.filter(({ codec_type: kind }) => kind === 'video' || kind === 'audio');
  const timecode = [format.tags, ...streams.map(({ tags }) => tags)].map((tags) => tags['timecode']);
  const kinds = carried.map((stream) => (isCover(stream) ? 'cover' : stream.codec_type)).join(' ');
  return [
    ['ffprobe streams', kinds],
    ['ffprobe duration', format.duration],
    ['ffprobe timecode', timecode.find((value) => value !== undefined)],
    ...carried.flatMap((stream, index) => named(`ffprobe ${index} ${stream.codec_type}`, streamFacts(stream))),
  ];
}

const isCover = ({ disposition }: Stream): boolean => disposition['attached_pic'] === 1;
const named = (prefix: string, facts: readonly Fact[]): Fact[] =>
  facts.map(([name, value]) => [`${prefix} ${name}`, value]);

function streamFacts(stream: Stream): Fact[] {
  const set = Object.entries(stream.disposition).filter(([, value]) => value === 1);
  const labels: Fact[] = [
    ['language', stream.tags['language'] === 'und' ? undefined : stream.tags['language']],
    ['title', stream.tags['title']],
    ['disposition', set.map(([name]) => name).join('+')],
  ];
  if (isCover(stream)) return labels;
  return [...labels, ...(stream.codec_type === 'video' ? pictureFacts(stream) : soundFacts(stream))];
}

function pictureFacts(stream: Stream): Fact[] {
  const { width = 0, height = 1, sample_aspect_ratio: sample = '1:1' } = stream;
  const [num = 1, den = 1] = sample.split(':').map(Number);
  return [
    ['packets', stream.nb_read_packets],
    ['rate', stream.r_frame_rate],
    ['average rate', stream.avg_frame_rate === '0/0' ? stream.r_frame_rate : stream.avg_frame_rate],
    ['duration', stream.duration],
    ['aspect', ((width * (num || 1)) / (height * (den || 1))).toFixed(3)],
    ['rotation', stream.side_data_list.find(({ rotation }) => rotation !== undefined)?.rotation],
    // RGB has no limited range: what becomes of it is for the pictures to tell.
    ['colour range', /^(gbr|rgb|bgr|0rgb|pal8)/.test(stream.pix_fmt ?? '') ? 'tv' : (stream.color_range ?? 'tv')],
    ['colour matrix', tagOf(stream.color_space)],
    ['colour primaries', tagOf(stream.color_primaries)],
    ['colour transfer', tagOf(stream.color_transfer)],
  ];
}

/** RGB has no matrix, which is what `gbr` says. */
const tagOf = (value: string | undefined) =>
  value === 'unknown' || value === 'reserved' || value === 'gbr' ? undefined : value;

function soundFacts(stream: Stream): Fact[] {
  return [
    ['channels', stream.channels],
    ['layout', stream.channel_layout],
    ['sample rate', stream.sample_rate],
    ['duration', stream.duration],
    ['start', stream.start_time],
  ];
}

const infoSchema = z.object({
  media: z.object({ track: z.array(z.record(z.string(), z.unknown())) }).nullable(),
});
const ASKED: Readonly<Record<string, readonly string[]>> = {
  General: ['VideoCount', 'AudioCount'],
  Video: [
    ...['FrameCount', 'FrameRate', 'Duration', 'DisplayAspectRatio', 'Rotation', 'ScanType', 'ScanOrder'],
    ...['colour_range', 'colour_primaries', 'transfer_characteristics', 'matrix_coefficients', 'TimeCode_FirstFrame'],
  ],
  Audio: ['Channels', 'ChannelPositions', 'SamplingRate', 'Duration', 'Language', 'Title'],
  Other: ['TimeCode_FirstFrame', 'TimeCode_DropFrame'],
};

async function mediainfoFacts(file: string): Promise<Fact[]> {
  const { stdout } = await run('mediainfo', ['--Output=JSON', file], BIG);
  // It repeats the name of the file as it is, also where JSON would have to escape it.
  const unnamed = stdout.replace(/"@ref": ?"[\s\S]*?",(?=\s*"track")/, '');
  const tracks = infoSchema.parse(JSON.parse(unnamed)).media?.track ?? [];
  const seen = new Map<string, number>();
  return tracks.flatMap((track) => {
    const type = String(track['@type']);
    if (type === 'Other' && !/time ?code/i.test(String(track['Type']))) return [];
    const index = seen.get(type) ?? 0;
    seen.set(type, index + 1);
    const facts = (ASKED[type] ?? []).map((name): Fact => [labelOf(name), plainValue(name, track[name])]);
    return named(`mediainfo ${type}${type === 'General' ? '' : ` ${index}`}`, facts);
  });
}

const labelOf = (name: string): string =>
  /Duration|AspectRatio/.test(name)
    ? name.replace('DisplayAspectRatio', 'aspect').replace('Duration', 'duration')
    : name;

/** Names for the same: what of a picture is coded in fields, and what is left out because it is usual. */
function plainValue(name: string, value: unknown): string | undefined {
  if (value === undefined) return name === 'ScanType' ? 'Progressive' : undefined;
  const said = String(value);
  if (name === 'ScanType') return /^(MBAFF|PAFF)$/.test(said) ? 'Interlaced' : said;
  if (name === 'Rotation' && Number(said) === 0) return undefined;
  if (name === 'colour_range' && said === 'Limited') return undefined;
  return said;
}

async function meltFacts(file: string): Promise<Fact[]> {
  const { length, profile } = await meltProfile(file);
  const keep = ['frame_rate_num', 'frame_rate_den', 'progressive'];
  const aspect = Number(profile['display_aspect_num']) / Number(profile['display_aspect_den']);
  return [
    ['melt length', length],
    ['melt aspect', aspect.toFixed(3)],
    ...keep.map((name): Fact => [`melt ${name}`, profile[name]]),
  ];
}
