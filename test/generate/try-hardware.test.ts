import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import t from 'tap';
import type { RealPath } from '../../src/base/paths.js';
import { locateFfmpeg } from '../../src/ffmpeg/toolchain.js';
import { withHardware } from '../../src/generate/try-hardware.js';
import { silentLogger } from '../../src/log/logger.js';
import { hasFfmpeg } from '../fixtures/media.js';

t.setTimeout(120_000);
const skip = (await hasFfmpeg()) ? {} : { skip: 'ffmpeg is not installed' };

/** Runs the real FFmpeg with x264 in the place of NVENC; `more` is what this driver does of its own. */
const wrapper = (ffmpeg: string, more: string) => `#!/usr/bin/env bash
args=()
while [ $# -gt 0 ]; do
  case "$1" in
    h264_nvenc) args+=(libx264) ;;
    -rc) shift ;;
    -preset) shift; args+=(-preset ultrafast) ;;
    -y) [[ " \${args[*]} " == *" libx264 "* ]] && args+=(${more}); args+=(-y) ;;
    *) args+=("$1") ;;
  esac
  shift
done
exec ${ffmpeg} "\${args[@]}"
`;

t.test('a hardware encoder is used only when its trial passes the validation of proxies', skip, async (t) => {
  const located = await locateFfmpeg();
  const has = { ...located.encoders, encoders: new Set([...located.encoders.encoders, 'h264_nvenc']) };
  const chosen = async (more: string, wanted: 'auto' | 'nvenc' | 'none' | 'videotoolbox' = 'nvenc') => {
    const ffmpeg = join(t.testdir(), 'ffmpeg') as RealPath;
    await writeFile(ffmpeg, wrapper(located.ffmpeg, more));
    await chmod(ffmpeg, 0o755);
    const said: unknown[] = [];
    const log = { ...silentLogger, info: () => said.push('info'), warn: (facts: unknown) => said.push(facts) };
    const { encoders } = await withHardware({ ...located, ffmpeg, encoders: has }, wanted, log as typeof silentLogger);
    return { hardware: encoders.hardware, said };
  };
  t.match(await chosen(''), { hardware: 'nvenc', said: ['info'] });
  t.same(await chosen('', 'none'), { hardware: undefined, said: [] }, 'not asked for, not tried');
  if (process.platform !== 'darwin') {
    t.match(await chosen('', 'videotoolbox'), {
      said: [{ refused: { videotoolbox: 'VideoToolbox is part of macOS' } }],
    });
  }
  t.match(await chosen('-frames:v 24'), {
    hardware: undefined,
    said: [{ refused: { nvenc: /video frame count: expected 25, found 24/ } }],
  });
  t.match(await chosen('-force_key_frames 0'), { said: [{ refused: { nvenc: /of 25 frames are no key frames/ } }] });
  t.match(
    await chosen('-filter:v:0 lutyuv=y=0:u=0:v=0,format=yuv420p'),
    { said: [{ refused: { nvenc: /picture/ } }] },
    'a green picture',
  );
});
