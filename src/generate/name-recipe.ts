/**
 * The hash of an asset's recipe without the recipe, for whoever names a hundred thousand of them.
 *
 * Clips of one camera differ in length, timecode and dates. Where a recipe does not depend on the
 * length, the others are words that it repeats as they are: it is resolved once for all such clips,
 * with marks in the places of these words. Of tags it reads no more than their names, a date and
 * titles. Whatever else is known of a clip, also what is not known of here, tells it from others.
 *
 * Promises the hash that `resolveRecipe` gives. Works on the media facts as the catalog keeps them:
 * to make numbers and times of them costs more than all the rest.
 */

import type { RecipeHash } from '../base/ids.js';
import { extensionOf } from '../base/media-extension.js';
import type { VirtualPath } from '../base/paths.js';
import type { MediaInfo } from '../probe/media-info.js';
import { isCopied } from '../profiles/audio-arguments.js';
import { findProfile, type Profile } from '../profiles/profiles.js';
import type { EncoderSet, RecipeInput, RefusedRecipe } from '../profiles/recipe.js';
import { hashEssence } from '../profiles/recipe-hash.js';
import { resolveEssence } from '../profiles/resolve.js';

export type RecipeName = { readonly kind: 'hash'; readonly hash: RecipeHash } | RefusedRecipe;

/** What is known of a clip: as the catalog keeps it, and as the domain knows it when it asks. */
export interface ClipFacts {
  readonly path: VirtualPath;
  readonly facts: string;
  readonly media: () => MediaInfo;
}

export type NamingMeans = Pick<RecipeInput, 'encoders' | 'looks'>;

/** Throws 'profile/unknown', and what `media` throws. The master must have been probed with its frames counted. */
export function nameRecipe(profileName: string, clip: ClipFacts, means: NamingMeans): RecipeName {
  const profile = findProfile(profileName);
  const extension = extensionOf(clip.path);
  const stored = readFacts(clip.facts);
  const alike = stored && likenessOf(profile, extension, stored);
  const inputOf = (media: MediaInfo): RecipeInput => ({ ...means, extension, media });
  if (stored === undefined || alike === undefined) return nameOne(profile, inputOf(clip.media()));
  const template = templateOf(means.encoders, alike, () => makeTemplate(profile, inputOf(marked(clip.media()))));
  return 'kind' in template ? template : { kind: 'hash', hash: hashEssence(fillIn(template, labelsOf(stored))) };
}

function nameOne(profile: Profile, input: RecipeInput): RecipeName {
  const result = resolveEssence(profile, input);
  return result.kind === 'refused' ? result : { kind: 'hash', hash: hashEssence(result.text) };
}

/** The essence's text, cut at its marks: texts, and the labels between them, by turns. */
type Template = readonly string[];

/** Kept for so many kinds of clips; a project has some dozens. */
const MOST_TEMPLATES = 256;
const templates = new WeakMap<EncoderSet, Map<string, Template | RefusedRecipe>>();

function templateOf(encoders: EncoderSet, alike: string, make: () => Template | RefusedRecipe) {
  let known = templates.get(encoders);
  if (known === undefined || known.size >= MOST_TEMPLATES) {
    known = new Map();
    templates.set(encoders, known);
  }
  const template = known.get(alike) ?? make();
  known.set(alike, template);
  return template;
}

/** What a recipe says word by word, and nothing follows from. */
type Labels = Readonly<Record<'timecode' | 'reel' | 'created', string | null | undefined>>;

function labelsOf({ timecode, reel, tags }: StoredFacts): Labels {
  return { timecode, reel, created: tags['creation_time'] };
}

/** A character without meaning, of the range that Unicode leaves to private use. */
const MARK = '\uE000';
const MARKS = /\uE000(timecode|reel|created)\uE000/;
const markOf = (label: keyof Labels): string => `${MARK}${label}${MARK}`;

function marked(media: MediaInfo): MediaInfo {
  const { timecode, reel, tags } = media;
  return {
    ...media,
    timecode: timecode && markOf('timecode'),
    reel: reel && markOf('reel'),
    tags: tags['creation_time'] === undefined ? tags : { ...tags, creation_time: markOf('created') },
  };
}

function makeTemplate(profile: Profile, input: RecipeInput): Template | RefusedRecipe {
  const result = resolveEssence(profile, input);
  return result.kind === 'refused' ? result : result.text.split(MARKS);
}

function fillIn(template: Template, labels: Labels): string {
  return template.map((text, at) => (at % 2 === 0 ? text : inJson(labels[text as keyof Labels] ?? ''))).join('');
}

/** As it stands within a JSON text. */
const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);

/** The stored JSON, as far as it is looked at. */
interface StoredFacts {
  readonly timecode: string | null;
  readonly reel: string | null;
  readonly tags: Readonly<Record<string, string>>;
  readonly streams: readonly StoredStream[];
}

interface StoredStream {
  readonly kind: string;
  readonly codec: string;
  readonly frames?: number | null;
  readonly ownTimes?: object;
  readonly tags: Readonly<Record<string, string>>;
}

/** Undefined for what is not as it should be: whoever asks for the media itself hears why. */
function readFacts(text: string): StoredFacts | undefined {
  // A mark of the clip's own would be taken for one of ours.
  if (text.includes(MARK)) return undefined;
  try {
    const facts = JSON.parse(text) as StoredFacts;
    const isSound = typeof facts.tags === 'object' && facts.streams.every(({ tags }) => typeof tags === 'object');
    return isSound ? facts : undefined;
  } catch {
    return undefined;
  }
}

/** Equal for clips whose recipes differ in nothing but their labels; undefined where more may differ. */
function likenessOf(profile: Profile, extension: string, facts: StoredFacts): string | undefined {
  // A look is looked up by its name, under which there may be another one tomorrow.
  if (profile.look !== undefined || isLengthNeeded(profile, extension, facts)) return undefined;
  const { timecode, reel, tags } = facts;
  const streams = facts.streams.map((stream) => ({ ...stream, ...NO_LENGTH, tags: stream.tags['title'] }));
  return JSON.stringify([
    ...[profile.name, extension],
    { ...facts, ...NO_LENGTH, streams, timecode: timecode === null, reel: reel === null, tags: Object.keys(tags) },
  ]);
}

const NO_LENGTH = { duration: 0, frames: 0 };

/** Sound that is encoded is cut to the picture's length, and times of its own lead to its last frame. */
function isLengthNeeded(profile: Profile, extension: string, { streams }: StoredFacts): boolean {
  const target = profile.targets[extension];
  if (profile.kind !== 'set' || target === undefined || target.muxer === 'mxf') return true;
  return streams.some(
    (stream) =>
      (stream.kind === 'audio' && !isCopied(stream, target.muxer)) ||
      (stream.kind === 'video' && (!stream.frames || stream.ownTimes !== undefined)),
  );
}
