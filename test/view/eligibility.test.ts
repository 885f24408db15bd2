import t from 'tap';
import { toVirtualPath } from '../../src/base/paths.js';
import type { AudioStream, MediaInfo, MediaStream, VideoStream } from '../../src/probe/media-info.js';
import { classify, classifyPath, classifyUnreadable } from '../../src/view/eligibility.js';
import { audioStream, mediaInfo, videoStream } from '../fixtures/media-info.js';

const codeOfPath = (path: string) => {
  const answer = classifyPath(toVirtualPath(path));
  return answer?.kind === 'ineligible' ? answer.code : answer?.kind;
};

const judge = (streams: readonly MediaStream[], over: Partial<MediaInfo> = {}, path = 'day 1/clip.mov') => {
  const answer = classify(toVirtualPath(path), mediaInfo(streams, over));
  return answer.kind === 'ineligible' ? answer.code : answer.kind;
};

const video = (over: Partial<VideoStream> = {}) => videoStream(over);
const audio = (over: Partial<AudioStream> = {}) => audioStream(over);

t.test('paths alone decide about cards, managed media, RAW, sound, stills and other containers', async (t) => {
  const expected: Record<string, string | undefined> = {
    'a/clip.mov': undefined,
    'a/CLIP.MP4': undefined,
    'a/clip.mxf': undefined,
    'Contents/clip.mov': undefined,
    'CARD/CONTENTS/VIDEO/0001AB.MXF': 'camera-card',
    'CARD/CONTENTS/CLIPS001/AA0001/AA000101.MXF': 'camera-card',
    'XDROOT/Clip/C0001.MXF': 'camera-card',
    'x/BPAV/CLPR/1/1.MP4': 'camera-card',
    'PRIVATE/AVCHD/BDMV/STREAM/00000.MTS': 'camera-card',
    'private/m4root/CLIP/C0001.MP4': 'camera-card',
    'A001.RDM/A001.RDC/A001_001.mov': 'camera-card',
    'x/contents/proxy/0001ab.mp4': 'camera-card',
    'disc/Clip/C0001.MXF': 'camera-card',
    'disc/Sub/C0001S01.MXF': 'camera-card',
    'Contents/Video/final.mxf': undefined,
    'Contents/Video/intro.mov': undefined,
    'AVCHD/transcoded.mov': undefined,
    'CLIP/C0001.MP4': undefined,
    'CLIP/two.mxf': undefined,
    'A001.rdm.mov': undefined,
    'Avid MediaFiles/MXF/1/x.mxf': 'avid-media',
    'a/._clip.mov': 'apple-double',
    'a/clip.R3D': 'camera-raw',
    'a/clip.braw': 'camera-raw',
    'a/sound.WAV': 'audio-only',
    'a/frame.0001.dpx': 'image-sequence',
    'a/frame.dpx': 'still',
    'a/poster.jpg': 'still',
    'a/IMG_0001.JPG': 'still',
    'a/GL010001.LRV': 'camera-proxy',
    'a/clip.mkv': 'container',
    'a/clip.mts': 'container',
    'a/notes.txt': 'not-media',
  };
  for (const [path, code] of Object.entries(expected)) t.equal(codeOfPath(path), code, path);
});

t.test('an ordinary clip is eligible, with any sound', async (t) => {
  t.equal(judge([video()]), 'eligible');
  t.equal(judge([video(), audio({ index: 1 }), audio({ index: 2, channels: 6 })]), 'eligible');
  t.equal(judge([video({ fieldOrder: 'tt' })], { format: 'mxf' }, 'a.mxf'), 'eligible');
});

t.test('every master that cannot be copied has its own code', async (t) => {
  const cases: [string, string][] = [
    [judge([audio()]), 'audio-only'],
    [judge([]), 'no-video'],
    [judge([audio(), video({ index: 1, dispositions: ['attached_pic'] })]), 'cover-art'],
    [judge([video(), video({ index: 1 })]), 'several-videos'],
    [judge([video({ hasAlpha: true })]), 'alpha'],
    [judge([video({ width: 161 })]), 'odd-size'],
    [judge([video({ codec: 'unknown', codecTag: 'aprn' })]), 'undecodable'],
    [judge([video({ variableFrameRate: true })]), 'variable-frame-rate'],
    [judge([video({ hiddenFrames: 3 })]), 'hidden-frames'],
    [judge([video({ frames: 0 })]), 'no-frames'],
    [judge([video({ frames: 80 })]), 'length-mismatch'],
    [judge([video({ frames: undefined, variableFrameRate: undefined })]), 'unknown'],
    [judge([video()], { incomplete: 'elsewhere' }), 'reference-movie'],
    [judge([video()], { format: 'mxf' }), 'wrong-extension'],
    [judge([video()], {}, 'BPAV/clip.mov'), 'camera-card'],
  ];
  for (const [found, expected] of cases) t.equal(found, expected);
});

t.test('cover art beside the picture is no second picture', async (t) => {
  const cover = video({ index: 1, codec: 'mjpeg', dispositions: ['attached_pic'] });
  t.equal(judge([video(), cover]), 'eligible');
  t.equal(judge([cover, video({ index: 1 })]), 'eligible');
  t.equal(judge([video(), video({ index: 1 }), cover]), 'several-videos');
});

t.test('reasons are sentences that name what was found', async (t) => {
  const hidden = classify(toVirtualPath('a.mov'), mediaInfo([video({ frames: 25, hiddenFrames: 8 })]));
  t.match(hidden, { kind: 'ineligible', reason: /stores 33 frames and shows 25/ });
  t.match(classifyUnreadable(0, ''), { code: 'empty' });
  t.match(classifyUnreadable(9, 'Invalid data'), { code: 'unreadable', reason: /Invalid data/ });
});
