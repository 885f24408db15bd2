/**
 * A profile and a probed master make a recipe, or a reason why they cannot. Pure: equal
 * inputs give the same recipe and the same hash.
 *
 * The picture keeps its shape and every frame its number; sound is copied where the
 * container takes it; what cannot be made equal is refused with the reason.
 */

import type { Look } from '../looks/look.js';
import type { AudioStream, MediaInfo, VideoStream } from '../probe/media-info.js';
import { audioArguments, isCopied } from './audio-arguments.js';
import {
  carriedStreams,
  coverArguments,
  coverOf,
  headerArguments,
  isCoverArt,
  labelArguments,
  mapArguments,
} from './carried-arguments.js';
import { essenceOf } from './essences.js';
import { fieldsOf, isAmbiguous, isRgb } from './geometry.js';
import { descriptionOf } from './picture-description.js';
import { type Dimensions, divisorFor } from './picture-size.js';
import { planPictures } from './pictures.js';
import { copiesEditLists, option, type Plan, Refusal } from './plan.js';
import { findProfile, type Profile, type ProfileTarget } from './profiles.js';
import type { Expectation, Recipe, RecipeArgument, RecipeInput, RecipeResult, RefusedRecipe } from './recipe.js';
import { essenceText, hashEssence } from './recipe-hash.js';
import { segmentingOf } from './segmenting.js';
import { timingInput, timingOf } from './timing.js';
import { deviceArguments, shownFilter, videoArguments, videoExpectation } from './video-arguments.js';

/** Throws 'profile/unknown' only. The master must have been probed with its frames counted. */
export function resolveRecipe(profileName: string, input: RecipeInput): RecipeResult {
  const profile = findProfile(profileName);
  return unlessRefused(() => ({ kind: 'recipe', recipe: buildRecipe(profile, input) }));
}

/** What the hash of the recipe is the hash of, without all that is no part of it. */
export function resolveEssence(
  profile: Profile,
  input: RecipeInput,
): { kind: 'essence'; text: string } | RefusedRecipe {
  return unlessRefused(() => ({ kind: 'essence', text: essenceText(buildEssence(profile, input).recipe) }));
}

function unlessRefused<T>(build: () => T): T | RefusedRecipe {
  try {
    return build();
  } catch (thrown) {
    if (!(thrown instanceof Refusal)) throw thrown;
    return { kind: 'refused', code: thrown.code, reason: thrown.reason };
  }
}

function buildRecipe(profile: Profile, input: RecipeInput): Recipe {
  const { plan, recipe, rest, video } = buildEssence(profile, input);
  const segmenting = segmentingOf(plan, video, rest);
  const extras = { ...picturesOf(plan), ...(segmenting === undefined ? {} : { segmenting }) };
  return { ...recipe, ...extras, hash: hashEssence(essenceText(recipe)) };
}

function buildEssence(profile: Profile, input: RecipeInput) {
  if (profile.engine !== 'ffmpeg') {
    throw new Refusal('engine', `profile '${profile.name}' is made by the ${profile.engine} engine, not by FFmpeg`);
  }
  const { extension, target } = targetOf(profile, input.extension);
  const plan = makePlan(profile, target, input);
  const video = videoArguments(plan);
  const rest = [...audioArguments(plan), ...coverArguments(plan), ...labelArguments(plan), ...containerArguments(plan)];
  const recipe = {
    profile: profile.name,
    profileVersion: profile.version,
    extension,
    muxer: target.muxer,
    inputArguments: [...deviceArguments(plan), ...inputArguments(plan)],
    arguments: [...mapArguments(plan), ...video, ...rest],
    expect: expectationOf(plan),
    ...lookOf(plan),
  };
  return { plan, recipe, rest, video };
}

function lookOf(plan: Plan): Pick<Recipe, 'look'> {
  const { look } = plan;
  const filter = shownFilter(plan);
  return look === undefined || filter === undefined ? {} : { look: { look, filter } };
}

function picturesOf(plan: Plan): Pick<Recipe, 'pictures'> {
  const pictures = planPictures(plan);
  return pictures === undefined ? {} : { pictures };
}

/** A set follows the master's extension; a format has its own. */
function targetOf(profile: Profile, masterExtension: string): { extension: string; target: ProfileTarget } {
  const [only] = Object.keys(profile.targets);
  const extension = profile.kind === 'format' && only !== undefined ? only : masterExtension;
  const target = profile.targets[extension];
  if (target !== undefined) return { extension, target };
  throw new Refusal('container', `profile '${profile.name}' makes no ${extension || 'nameless'} files`);
}

function makePlan(profile: Profile, target: ProfileTarget, input: RecipeInput): Plan {
  const { media, encoders } = input;
  const look = wantedLook(profile, input);
  if (!encoders.muxers.has(target.muxer)) {
    throw new Refusal('encoder-missing', `this FFmpeg cannot write ${target.muxer}; install a build that can`);
  }
  const video = onlyVideo(media);
  const rate = video.frameRate;
  const timed = video.variableFrameRate === false || video.ownTimes !== undefined;
  if (video.frames === undefined || video.frames === 0 || rate === undefined || !timed) {
    throw new Refusal('frame-rate', 'its frames have no constant rate that a proxy could copy');
  }
  const audio = media.streams.filter((stream): stream is AudioStream => stream.kind === 'audio');
  const { timecode, reel } = media;
  return {
    target,
    crossesContainers: !media.format.split(',').includes(target.muxer),
    encoders,
    look,
    video,
    picture: pictureOf(profile, { target, video, look }),
    audio,
    rate,
    frames: video.frames,
    timing: timingOf({
      video,
      audio,
      rate,
      muxer: target.muxer,
      copiesAudio: audio.every((s) => isCopied(s, target.muxer)),
    }),
    cover: coverOf(media, target.muxer),
    timecode,
    reel,
    tags: media.tags,
    movieTimescale: media.movieTimescale,
    copiesFragments: media.fragmented === true && target.muxer !== 'mxf',
  };
}

function wantedLook({ look, name }: Profile, { encoders, looks }: RecipeInput): Look | undefined {
  if (look === undefined) return undefined;
  const found = looks?.get(look);
  if (found === undefined) throw new Refusal('look-unknown', `profile '${name}' asks for a look that is not there`);
  const filters = [`lut${found.kind}`, ...(found.shaper === undefined ? [] : ['lut1d'])];
  const missing = filters.find((filter) => !encoders.filters.has(filter));
  if (missing === undefined) return found;
  throw new Refusal(
    'encoder-missing',
    `this FFmpeg has no filter ${missing}, which looks need; install a build with it`,
  );
}

function pictureOf(profile: Profile, plan: Pick<Plan, 'target' | 'video' | 'look'>): Dimensions {
  const { video } = plan;
  const { smallest } = essenceOf(plan);
  const heightMultiple = fieldsOf(video) === 'progressive' ? 2 : 4;
  // Whatever a smaller picture said, some program would show other colours than in the master.
  const isFixed = plan.look === undefined && !isRgb(video) && video.color.matrix === undefined && isAmbiguous(video);
  const divisor = isFixed ? 1 : divisorFor(profile.size, video, { smallest, heightMultiple });
  return { width: video.width / divisor, height: video.height / divisor };
}

function onlyVideo(media: MediaInfo): VideoStream {
  const videos = media.streams.filter(
    (stream): stream is VideoStream => stream.kind === 'video' && !isCoverArt(stream),
  );
  const [video] = videos;
  if (video === undefined) throw new Refusal('no-video', 'it has no picture');
  if (videos.length > 1) throw new Refusal('several-videos', `it has ${videos.length} pictures; a proxy carries one`);
  return video;
}

function inputArguments(plan: Plan): RecipeArgument[] {
  return [
    option('rotation stays a property of the file, never of the pixels', '-noautorotate'),
    ...timingInput(plan.timing, plan.rate),
  ];
}

function containerArguments(plan: Plan): RecipeArgument[] {
  const exact = ['-flags:v', '+bitexact', '-flags:a', '+bitexact'];
  if (plan.target.muxer === 'mxf') {
    return [
      option('the same bytes from the same master', ...exact, '-fflags', '+bitexact'),
      // Bit-exact MXF has no identity (UMID) at all: `mxf-identity.ts` gives it one when it is finished.
      option('MXF OP1a', '-f', 'mxf'),
    ];
  }
  return [
    option('the same bytes from the same master', ...exact, '-fflags', '+bitexact'),
    ...headerArguments(plan),
    option('the container that the name says', '-f', plan.target.muxer),
  ];
}

function expectationOf(plan: Plan): Expectation {
  const { codec, pixelFormat, color } = videoExpectation(plan);
  const description = descriptionOf(plan);
  return {
    streams: carriedStreams(plan).map((stream) => ({
      kind: stream.kind === 'audio' ? 'audio' : 'video',
      masterIndex: stream.index,
    })),
    width: plan.picture.width,
    height: plan.picture.height,
    videoCodec: codec,
    pixelFormat,
    timecode: plan.timecode,
    color,
    ...(plan.crossesContainers ? { crossesContainers: true as const } : {}),
    audioLength: plan.target.muxer === 'mxf' ? 'as-video' : 'as-master',
    ...(copiesEditLists(plan) ? { editLists: 'of-master' as const } : {}),
    ...(plan.copiesFragments ? { times: 'of-fragments' as const } : {}),
    ...(description === undefined ? {} : { description }),
  };
}
