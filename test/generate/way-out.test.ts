import t from 'tap';
import { wayOutOfFailure } from '../../src/generate/way-out.js';

t.test('each kind of failure has a way out of its own', async (t) => {
  const cases: [reason: string, rejected: boolean, way: RegExp][] = [
    ['ffmpeg made no progress for 60 s and was killed: it said nothing', false, /hangs at this clip/],
    ['ffmpeg failed (killed by SIGSEGV): it said nothing', false, /crashes at this clip/],
    ['ffmpeg failed (killed by SIGKILL): frame 12', false, /lack of memory/],
    ['ffmpeg failed (exit code 1): moov atom not found', false, /copy it again/],
    ['ffmpeg failed (exit code 1): /pool/tmp/a.mov: No space left on device', false, /free some space/],
    ['ffmpeg failed (exit code 1): /show/a.mov: Permission denied', false, /let the daemon's user read/],
    ["ffmpeg failed (exit code 1): Unknown encoder 'prores_ks'", false, /lacks a codec/],
    ['rejected: video frame count: expected 48, found 29', true, /master, which is likely damaged/],
    ['rejected: video frame count: expected 48, found 49', true, /not equal to the master/],
    ['rejected: timecode: expected 01:00:00:00, found none', true, /not equal to the master/],
    ['the moon was full', false, /history PATH/],
  ];
  for (const [reason, rejected, way] of cases) t.match(wayOutOfFailure(reason, rejected), way, reason);
});
