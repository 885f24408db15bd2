/**
 * The hash of an asset's recipe without the recipe, for whoever names a hundred thousand of them.
 *
 * Where a recipe does not depend on the length of a clip, it differs from those of clips of the same
 * kind in the words that it repeats as they are: it is resolved once for all of them, with marks in
 * the places of these words.
 *
 * Promises the hash that `resolveRecipe` gives.
 */

import type { RecipeHash } from '../base/ids.js';
import { extensionOf } from '../base/media-extension.js';
import type { VirtualPath } from '../base/paths.js';
import { type Labels, type Likeness, likenessOf } from '../catalog/likeness.js';
import { encodeMedia } from '../catalog/media-codec.js';
import type { MediaInfo } from '../probe/media-info.js';
import { isCopied } from '../profiles/audio-arguments.js';
import { findProfile, type Profile } from '../profiles/profiles.js';
import type { EncoderSet, RecipeInput, RefusedRecipe } from '../profiles/recipe.js';
import { hashEssence } from '../profiles/recipe-hash.js';
import { resolveEssence } from '../profiles/resolve.js';

export type RecipeName = { readonly kind: 'hash'; readonly hash: RecipeHash } | RefusedRecipe;

/** What is known of a clip. */
export interface ClipFacts {
  readonly path: VirtualPath;
  /** Undefined where it is not known: the clip is named by its media alone. */
  readonly likeness: Likeness | undefined;
  /** Undefined when it is not known any more. */
  readonly media: () => MediaInfo | undefined;
}

export type NamingMeans = Pick<RecipeInput, 'encoders' | 'looks'>;

/**
 * Undefined when `media` was needed and is not known. Throws 'profile/unknown', and what `media` throws. The master must
 * have been probed with its frames counted.
 */
export function nameRecipe(profileName: string, clip: ClipFacts, means: NamingMeans): RecipeName | undefined {
  const profile = findProfile(profileName);
  const extension = extensionOf(clip.path);
  const inputOf = (media: MediaInfo): RecipeInput => ({ ...means, extension, media });
  // A look is looked up by its name, under which there may be another one tomorrow.
  const likeness = profile.look === undefined ? clip.likeness : undefined;
  const template = likeness && templateOf(profile, { ...clip, likeness }, inputOf, means.encoders);
  if (likeness === undefined || template === undefined) {
    const media = clip.media();
    return media && nameOne(profile, inputOf(media));
  }
  return 'kind' in template ? template : { kind: 'hash', hash: hashEssence(fillIn(template, likeness.labels)) };
}

function nameOne(profile: Profile, input: RecipeInput): RecipeName {
  const result = resolveEssence(profile, input);
  return result.kind === 'refused' ? result : { kind: 'hash', hash: hashEssence(result.text) };
}

/** The essence's text, cut at its marks: texts, and the labels between them, by turns. */
type Template = readonly string[];
/** Of clips whose recipe depends on more than their kind. */
const NO_TEMPLATE = 'none';
type Known = Template | RecipeName | typeof NO_TEMPLATE;

/** Kept for so many kinds of clips; a project has some dozens. */
const MOST_TEMPLATES = 256;
const templates = new WeakMap<EncoderSet, Map<string, Known>>();

function templateOf(
  profile: Profile,
  clip: ClipFacts & { readonly likeness: Likeness },
  inputOf: (media: MediaInfo) => RecipeInput,
  encoders: EncoderSet,
): Template | RecipeName | undefined {
  const key = `${profile.name} ${extensionOf(clip.path)} ${clip.likeness.kind}`;
  let known = templates.get(encoders);
  if (known === undefined || known.size >= MOST_TEMPLATES) {
    known = new Map();
    templates.set(encoders, known);
  }
  let template = known.get(key);
  if (template === undefined) {
    const media = clip.media();
    // Read later than its likeness: it may have become another one meanwhile.
    if (media === undefined || likenessOf(media).kind !== clip.likeness.kind) return undefined;
    template = makeTemplate(profile, inputOf(media));
    known.set(key, template);
  }
  return template === NO_TEMPLATE ? undefined : template;
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
    tags: tags['creation_time'] ? { ...tags, creation_time: markOf('created') } : tags,
  };
}

function makeTemplate(profile: Profile, input: RecipeInput): Known {
  // A mark of the clip's own would be taken for one of ours.
  const isMarked = encodeMedia({ ...input.media, timecode: undefined, reel: undefined, tags: {} }).includes(MARK);
  if (isMarked || isLengthNeeded(profile, input)) return NO_TEMPLATE;
  const result = resolveEssence(profile, { ...input, media: marked(input.media) });
  if (result.kind === 'refused') return result;
  const template = result.text.split(MARKS);
  return template.length === 1 ? { kind: 'hash', hash: hashEssence(result.text) } : template;
}

function fillIn(template: Template, labels: Labels): string {
  return template.map((text, at) => (at % 2 === 0 ? text : inJson(labels[text as keyof Labels] ?? ''))).join('');
}

/** As it stands within a JSON text. */
const inJson = (text: string): string => JSON.stringify(text).slice(1, -1);

/** Sound that is encoded is cut to the picture's length, and times of its own lead to its last frame. */
function isLengthNeeded(profile: Profile, { extension, media }: RecipeInput): boolean {
  const target = profile.targets[extension];
  if (profile.kind !== 'set' || target === undefined || target.muxer === 'mxf') return true;
  return media.streams.some(
    (stream) =>
      (stream.kind === 'audio' && !isCopied(stream, target.muxer)) ||
      (stream.kind === 'video' && (!stream.frames || stream.ownTimes !== undefined)),
  );
}
