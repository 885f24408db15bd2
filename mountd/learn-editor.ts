/**
 * `--nle auto`: the first editing program that opens a clip tells which set of proxies
 * suits. Learned once; the project keeps it. Until then nothing is made unasked.
 */

import { ROOT } from '../src/base/paths.js';
import { foreignHandles } from '../src/flip/handles.js';
import { ProcessNames } from '../src/mount/process-name.js';
import { editorOfProcess, setOfEditor, titleOfEditor } from '../src/profiles/editors.js';
import type { Daemon } from './daemon.js';

const processes = new ProcessNames();

/** Whether the set is still to be learned: then an open of a clip by anybody else asks for nothing. */
export function isEditorUnknown({ learnsEditor, modes }: Daemon): boolean {
  return learnsEditor && modes.state.profiles?.has(ROOT) !== true;
}

/** Clips that were opened before the scan knew them raised no event: whoever still holds one counts as well. */
export async function learnFromHolders(daemon: Daemon): Promise<void> {
  await daemon.production.firstScan();
  // What the scan found is in the table only after this.
  await daemon.ready.settle();
  const holders = isEditorUnknown(daemon) ? foreignHandles(daemon.volume, { onlySwappable: true }) : [];
  for (const { pid } of holders) if (isEditorUnknown(daemon)) await learnEditor(daemon, pid);
}

/** `pid` opened a clip. */
export async function learnEditor(daemon: Daemon, pid: number): Promise<void> {
  const { name } = processes.lookUp(pid);
  const editor = editorOfProcess(name);
  if (editor === undefined || daemon.modes.state.pinned !== undefined) return;
  const profile = setOfEditor(editor);
  daemon.log.info({ process: name, profile }, `${titleOfEditor(editor)} opened a clip: its set of proxies is made`);
  await daemon.flipper.flip({ kind: 'base', mode: daemon.modes.state.base, profile });
  daemon.production.profileChosen();
}
