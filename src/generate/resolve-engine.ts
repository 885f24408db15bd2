/**
 * The resolve engine: renders one master with DaVinci Resolve Studio. Everything that is
 * known of Resolve stands in this file.
 *
 * Resolve is driven through its scripting interface, as its manual describes it
 * (Help > Documentation > Developer, "Scripting"): a Python module that talks to a
 * running Resolve Studio on this machine. Needed are
 *
 * - DaVinci Resolve Studio (the free version refuses external scripts), running;
 *   `resolve -nogui` is enough;
 * - Preferences > System > General > External scripting using: Local;
 * - python3, and the two places that Resolve's manual names, where they are not the
 *   usual ones: RESOLVE_SCRIPT_API and RESOLVE_SCRIPT_LIB.
 *
 * One render: a project of its own, the master in a timeline of its own rate and size,
 * one render job, and the project is deleted again. What is not there is said with what
 * to do, and nothing is made. Resolve renders one thing at a time: so does this file.
 */

import { spawn } from 'node:child_process';
import { access } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { z } from 'zod';
import { ProxyfsError } from '../base/error.js';
import type { RealPath } from '../base/paths.js';
import type { Profile, VideoEssence } from '../profiles/profile.js';

type Environment = Readonly<Record<string, string | undefined>>;

export interface ResolveInstallation {
  readonly python: string;
  /** Folder of DaVinciResolveScript.py. */
  readonly modules: string;
  readonly library: string;
}

export interface ResolveRender {
  readonly profile: Profile;
  readonly master: RealPath;
  /** Where the finished file goes; Resolve appends the extension itself. */
  readonly output: RealPath;
  /** A render preset of the user's, loaded before format and codec are set. */
  readonly preset?: string | undefined;
}

export interface ResolveRenderOptions {
  readonly signal?: AbortSignal | undefined;
  /** 0 to 100. */
  readonly onProgress?: ((percent: number) => void) | undefined;
  readonly env?: Environment;
}

const USUAL = {
  linux: { api: '/opt/resolve/Developer/Scripting', library: '/opt/resolve/libs/Fusion/fusionscript.so' },
  darwin: {
    api: '/Library/Application Support/Blackmagic Design/DaVinci Resolve/Developer/Scripting',
    library: '/Applications/DaVinci Resolve/DaVinci Resolve.app/Contents/Libraries/Fusion/fusionscript.so',
  },
} as const;

const WAY_OUT =
  'install DaVinci Resolve Studio on this machine, or name its places with RESOLVE_SCRIPT_API and RESOLVE_SCRIPT_LIB';

/** Throws 'resolve/unavailable', naming what is missing. */
export async function locateResolve(env: Environment = process.env): Promise<ResolveInstallation> {
  const usual = process.platform === 'darwin' ? USUAL.darwin : USUAL.linux;
  const modules = join(env['RESOLVE_SCRIPT_API'] ?? usual.api, 'Modules');
  const library = env['RESOLVE_SCRIPT_LIB'] ?? usual.library;
  for (const file of [join(modules, 'DaVinciResolveScript.py'), library]) {
    if (!(await isThere(file))) {
      throw unavailable(`the resolve engine is not on this machine: ${file} is missing; ${WAY_OUT}`);
    }
  }
  return { python: env['PROXYFS_PYTHON'] ?? 'python3', modules, library };
}

/** What Resolve is asked for, each with its reason: what `proxyfs plan` shows of this engine. */
export function resolveSettings(
  profile: Profile,
  preset?: string,
): readonly { readonly setting: string; readonly why: string }[] {
  const { format, codec } = wishOf(profile);
  const loaded = preset === undefined ? [] : [{ setting: `preset: ${preset}`, why: 'the job asks for it' }];
  return [
    ...loaded,
    { setting: 'a project of its own', why: 'nothing of the user’s projects is touched' },
    { setting: 'timeline with the rate and size of the clip', why: 'every frame is rendered once' },
    { setting: `format: ${format}`, why: 'the container of the profile' },
    { setting: `codec: ${codec}`, why: 'the codec of the profile' },
    { setting: 'all frames, picture and sound', why: 'a proxy is as long as its master' },
  ];
}

/** Rejects with 'resolve/unavailable', 'resolve/failed' or 'job/cancelled'. Resolves with the file that Resolve wrote. */
export async function renderWithResolve(render: ResolveRender, options: ResolveRenderOptions = {}): Promise<RealPath> {
  const env = options.env ?? process.env;
  const installation = await locateResolve(env);
  const last = await runScript(installation, requestOf(render), options);
  if (last.kind === 'done') return last.file as RealPath;
  if (last.kind === 'unavailable') throw unavailable(`the resolve engine does not answer: ${last.reason}`);
  throw new ProxyfsError('resolve/failed', `Resolve did not render ${basename(render.master)}: ${last.reason}`, {
    details: { master: render.master },
  });
}

/** As Resolve's own lists name them; looked up when it runs, since the names change between versions. */
const CODECS: Readonly<Partial<Record<VideoEssence, string>>> = {
  'prores-proxy': 'Apple ProRes 422 Proxy',
  'prores-lt': 'Apple ProRes 422 LT',
  'prores-hq': 'Apple ProRes 422 HQ',
  'dnxhr-lb': 'DNxHR LB',
  'dnxhr-sq': 'DNxHR SQ',
};

function wishOf(profile: Profile): { readonly format: string; readonly codec: string } {
  const [target] = Object.values(profile.targets);
  const codec = target === undefined ? undefined : CODECS[target.video];
  if (profile.engine !== 'resolve' || codec === undefined) {
    throw new ProxyfsError('request/invalid', `profile '${profile.name}' is not made by the resolve engine`);
  }
  return { format: target?.muxer === 'mxf' ? 'MXF OP1A' : 'QuickTime', codec };
}

function requestOf({ profile, master, output, preset }: ResolveRender): Request {
  const name = basename(output, extname(output));
  return { ...wishOf(profile), preset: preset ?? null, master, directory: dirname(output), name };
}

interface Request {
  readonly format: string;
  readonly codec: string;
  readonly preset: string | null;
  readonly master: string;
  readonly directory: string;
  readonly name: string;
}

/** One JSON document per line; the last one is no progress. */
const answerSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('progress'), percent: z.number() }),
  z.object({ kind: z.literal('done'), file: z.string() }),
  z.object({ kind: z.literal('unavailable'), reason: z.string() }),
  z.object({ kind: z.literal('failed'), reason: z.string() }),
]);
type Answer = z.infer<typeof answerSchema>;
type Ending = Exclude<Answer, { kind: 'progress' }>;

function runScript(
  { python, modules, library }: ResolveInstallation,
  request: Request,
  { signal, onProgress, env = process.env }: ResolveRenderOptions,
): Promise<Ending> {
  const child = spawn(python, ['-c', SCRIPT], {
    cwd: '/',
    env: { ...env, PYTHONPATH: modules, RESOLVE_SCRIPT_LIB: library },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  // SIGTERM lets the script stop the render and delete its project.
  const stop = () => child.kill('SIGTERM');
  signal?.addEventListener('abort', stop, { once: true });
  let [rest, said] = ['', ''];
  let last: Ending | undefined;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const answer of lines.flatMap(parseAnswer)) {
      if (answer.kind === 'progress') onProgress?.(answer.percent);
      else last = answer;
    }
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-2000);
  });
  child.stdin.on('error', () => undefined).end(JSON.stringify(request));
  return new Promise((settle, reject) => {
    child.on('error', (cause) => reject(unavailable(`the resolve engine needs ${python}: ${cause.message}`)));
    child.on('close', (code) => {
      signal?.removeEventListener('abort', stop);
      if (signal?.aborted) reject(new ProxyfsError('job/cancelled', 'rendering was cancelled'));
      else settle(last ?? { kind: 'failed', reason: said.trim().split('\n').at(-1) || `exit code ${code}` });
    });
  });
}

/** Resolve's own module may print too: what is no answer is passed over. */
function parseAnswer(line: string): Answer[] {
  if (!line.startsWith('{')) return [];
  try {
    return [answerSchema.parse(JSON.parse(line))];
  } catch {
    return [];
  }
}

async function isThere(file: string): Promise<boolean> {
  return await access(file).then(
    () => true,
    () => false,
  );
}

function unavailable(message: string): ProxyfsError {
  return new ProxyfsError('resolve/unavailable', message);
}

/** Runs inside Python. Method names and render settings are those of Resolve's scripting manual. */
const SCRIPT = `
import json, os, signal, sys, time, uuid

def say(**answer):
    sys.stdout.write(json.dumps(answer) + "\\n")
    sys.stdout.flush()

class Failed(Exception):
    pass

def pick(names, wanted):
    for title, name in (names or {}).items():
        if title == wanted or title.startswith(wanted + " "):
            return name
    raise Failed("this Resolve offers no '%s', only: %s" % (wanted, ", ".join(sorted(names or {}))))

def need(value, what):
    if not value:
        raise Failed(what)
    return value

def render(project, request):
    pool = project.GetMediaPool()
    clips = need(pool.ImportMedia([request["master"]]), "it cannot import the clip")
    clip = clips[0]
    rate, size = clip.GetClipProperty("FPS"), clip.GetClipProperty("Resolution")
    width, height = (need(size, "it does not know the size of the clip")).split("x")
    need(project.SetSetting("timelineFrameRate", str(rate)), "it refuses the frame rate %s" % rate)
    project.SetSetting("timelineResolutionWidth", width)
    project.SetSetting("timelineResolutionHeight", height)
    timeline = need(pool.CreateTimelineFromClips(request["name"], [clip]), "it cannot make a timeline of the clip")
    timecode = clip.GetClipProperty("Start TC")
    if timecode:
        timeline.SetStartTimecode(timecode)
    project.SetCurrentTimeline(timeline)
    if request["preset"] is not None:
        need(project.LoadRenderPreset(request["preset"]), "it has no render preset '%s'" % request["preset"])
    container = pick(project.GetRenderFormats(), request["format"])
    codec = pick(project.GetRenderCodecs(container), request["codec"])
    need(project.SetCurrentRenderFormatAndCodec(container, codec), "it refuses %s in %s" % (codec, container))
    settings = {
        "SelectAllFrames": True, "ExportVideo": True, "ExportAudio": True,
        "TargetDir": request["directory"], "CustomName": request["name"],
        "FormatWidth": int(width), "FormatHeight": int(height), "FrameRate": float(rate),
    }
    need(project.SetRenderSettings(settings), "it refuses the render settings")
    job = need(project.AddRenderJob(), "it queues no render job")
    need(project.StartRendering(job), "it does not start to render")
    while project.IsRenderingInProgress():
        say(kind="progress", percent=float(project.GetRenderJobStatus(job).get("CompletionPercentage", 0)))
        time.sleep(0.5)
    status = project.GetRenderJobStatus(job)
    if status.get("JobStatus") != "Complete":
        raise Failed(status.get("Error") or "the render job ended as '%s'" % status.get("JobStatus"))
    made = [row for row in project.GetRenderJobList() if row.get("JobId") == job]
    file = os.path.join(request["directory"], need(made, "its render job is gone")[0].get("OutputFilename", ""))
    if not os.path.isfile(file):
        raise Failed("it says that it is done, but there is no %s" % file)
    say(kind="done", file=file)

def main():
    request = json.load(sys.stdin)
    try:
        import DaVinciResolveScript
        resolve = DaVinciResolveScript.scriptapp("Resolve")
    except Exception as error:
        return say(kind="unavailable", reason="its scripting module does not load: %s" % error)
    if resolve is None:
        return say(kind="unavailable", reason="no running DaVinci Resolve Studio accepts scripts: start it (resolve -nogui), "
            "and set Preferences > System > General > External scripting using to Local")
    manager = resolve.GetProjectManager()
    before = manager.GetCurrentProject()
    previous = before.GetName() if before else None
    name = "proxyfs-" + uuid.uuid4().hex[:12]
    project = manager.CreateProject(name)
    if not project:
        return say(kind="failed", reason="it cannot make a project (another one has unsaved changes)")
    def stop(*_):
        raise Failed("cancelled")
    signal.signal(signal.SIGTERM, stop)
    try:
        render(project, request)
    except Failed as error:
        project.StopRendering()
        say(kind="failed", reason=str(error))
    finally:
        manager.CloseProject(project)
        manager.DeleteProject(name)
        if previous:
            manager.LoadProject(previous)

main()
`;
