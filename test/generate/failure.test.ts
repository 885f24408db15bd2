import t from 'tap';
import { ProxyfsError } from '../../src/base/error.js';
import { judgeFailure } from '../../src/generate/failure.js';

const ffmpeg = (exitCode: number | undefined, ...lastLines: string[]) =>
  new ProxyfsError('ffmpeg/failed', `ffmpeg failed: ${lastLines.at(-1)}`, { details: { exitCode, lastLines } });

const ffprobe = (details: Record<string, unknown>) =>
  new ProxyfsError('ffprobe/failed', 'it cannot read it', { details });

t.test('what belongs to the clip is final, what belongs to the machine may pass', async (t) => {
  const cases: [string, unknown, number, boolean][] = [
    ['a broken stream', ffmpeg(1, 'Invalid data found when processing input'), 1, false],
    ['a killed encoder', ffmpeg(undefined, 'frame 12'), 1, true],
    ['a full disk', ffmpeg(1, 'av_interleaved_write_frame(): No space left on device', 'Conversion failed!'), 1, true],
    ['a first stall', new ProxyfsError('ffmpeg/stalled', 'no progress'), 1, true],
    ['a second stall', new ProxyfsError('ffmpeg/stalled', 'no progress'), 2, false],
    ['a refusal of ffprobe', ffprobe({ exitCode: 1 }), 1, false],
    ['a killed ffprobe', ffprobe({ signal: 'SIGKILL', isLate: false }), 2, true],
    ['a first crash of ffprobe', ffprobe({ signal: 'SIGSEGV', isLate: false }), 1, true],
    ['a second crash of ffprobe', ffprobe({ signal: 'SIGSEGV', isLate: false }), 2, false],
    ['an ffprobe that hangs', ffprobe({ signal: 'SIGKILL', isLate: true }), 1, true],
    ['an ffprobe that hangs again', ffprobe({ signal: 'SIGKILL', isLate: true }), 2, false],
    ['a full disk of the pool', new ProxyfsError('system/no-space', 'full'), 1, true],
    ['a system call without space', Object.assign(new Error('write'), { code: 'ENOSPC' }), 1, true],
    ['a mistake of ours', new TypeError('undefined is not a function'), 1, false],
  ];
  for (const [name, error, attempts, passing] of cases) t.equal(judgeFailure(error, attempts).passing, passing, name);
});

t.test("the reason quotes ffmpeg's last lines", async (t) => {
  const { reason } = judgeFailure(ffmpeg(1, 'one', 'two', 'three', 'four'), 1);
  t.equal(reason, 'ffmpeg failed: four [two | three | four]');
});
