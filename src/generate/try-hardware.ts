/**
 * Chooses a hardware encoder by trial: one second is encoded with the recipe of a real
 * proxy and has to pass the same validation, pictures included. What does not pass is
 * not used, and software is.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { toProxyfsError } from '../base/error.js';
import type { RealPath } from '../base/paths.js';
import { fileArgument } from '../ffmpeg/protocol-path.js';
import { runFfmpeg, runFfprobe } from '../ffmpeg/run.js';
import type { Toolchain } from '../ffmpeg/toolchain.js';
import type { Logger } from '../log/logger.js';
import { probeMedia } from '../probe/probe.js';
import { ffmpegArguments } from '../profiles/command.js';
import { encoderOfHardware, HARDWARE_KINDS, type HardwareKind } from '../profiles/hardware.js';
import { resolveRecipe } from '../profiles/resolve.js';
import { describeRejection } from '../validate/report.js';
import { validateProxy } from '../validate/validate.js';

const TRIAL_STALL_MS = 20_000;

/** The toolchain with the first encoder that passes, or as it is. Says once which it is, and why. */
export async function withHardware(
  toolchain: Toolchain,
  wanted: HardwareKind | 'auto' | 'none',
  log: Logger,
): Promise<Toolchain> {
  if (wanted === 'none') return toolchain;
  const directory = await mkdtemp(join(tmpdir(), 'proxyfs-hardware-'));
  const refused: Record<string, string> = {};
  try {
    for (const kind of wanted === 'auto' ? HARDWARE_KINDS : [wanted]) {
      const candidate = { ...toolchain, encoders: { ...toolchain.encoders, hardware: kind } };
      const trouble = await tryOne(candidate, kind, directory).catch((error: unknown) => toProxyfsError(error).message);
      if (trouble === undefined) {
        log.info({ hardware: kind, refused }, `H.264 proxies are made by the ${kind} encoder: its trial passed`);
        return candidate;
      }
      refused[kind] = trouble;
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  log.warn({ wanted, refused }, 'no hardware encoder passed its trial: software makes all proxies');
  return toolchain;
}

/** What is in the way; undefined when it passed. */
async function tryOne(toolchain: Toolchain, kind: HardwareKind, directory: string): Promise<string | undefined> {
  const encoder = encoderOfHardware(kind);
  if (kind === 'videotoolbox' && process.platform !== 'darwin') return 'VideoToolbox is part of macOS';
  if (!toolchain.encoders.encoders.has(encoder)) return `this FFmpeg has no ${encoder}`;
  const master = join(directory, `${kind}-master.mp4`) as RealPath;
  const pattern = ['-f', 'lavfi', '-i', 'testsrc2=size=640x360:rate=25,trim=end_frame=25'];
  const codec = ['-c:v', 'mpeg4', '-q:v', '2', '-pix_fmt', 'yuv420p'];
  await runFfmpeg(toolchain, [...pattern, ...codec, '-y', fileArgument(master)], { stallMs: TRIAL_STALL_MS });
  const media = await probeMedia(toolchain, master);
  const result = resolveRecipe('edit', { media, extension: '.mp4', encoders: toolchain.encoders });
  if (result.kind === 'refused') return result.reason;
  const { recipe } = result;
  const proxyFile = join(directory, `${kind}.mp4`) as RealPath;
  await runFfmpeg(toolchain, ffmpegArguments(recipe, master, proxyFile), { stallMs: TRIAL_STALL_MS });
  const pictures = { masterFile: master, samples: 3 };
  const report = await validateProxy(toolchain, { master: media, proxyFile, recipe, pictures });
  return report.ok ? await missingKeyFrames(toolchain, proxyFile) : describeRejection(report);
}

/** Drivers differ in what they make of the wish for key frames only. */
async function missingKeyFrames(toolchain: Toolchain, file: RealPath): Promise<string | undefined> {
  const words = ['-select_streams', 'v:0', '-show_entries', 'packet=flags', '-of', 'csv=p=0', fileArgument(file)];
  const flags = (await runFfprobe(toolchain, words)).trim().split('\n');
  const others = flags.filter((line) => !line.startsWith('K')).length;
  return others === 0 ? undefined : `${others} of ${flags.length} frames are no key frames`;
}
