/**
 * Swap changes packed into the columns of a `NativeBatch`: one pass, no object per change.
 * The order of the columns is described in `native-addon.ts`.
 */

import type { FileIdentity } from '../base/ids.js';
import type { VirtualPath } from '../base/paths.js';
import type { CommitResult, Swap, SwapChanges } from './driver.js';
import type { NativeBatch, NativeCommitResult } from './native-addon.js';
import { RepeatingColumn, readStrings, StringTable } from './native-strings.js';

const COLUMNS = 5;
const ACTIONS = { remove: 0, master: 1, replace: 2, deny: 3 } as const;
const ONLY_IF_IDLE = 1;

export function packChanges(changes: SwapChanges): NativeBatch {
  const numbers = new BigInt64Array(changes.length * COLUMNS);
  const columns = new Uint32Array(changes.length * COLUMNS);
  const strings = new StringTable(changes.length);
  const [reasons, profiles] = [new RepeatingColumn(strings), new RepeatingColumn(strings)];
  const empty = strings.intern('');
  let at = 0;
  for (const { asset, swap, reason, profile, onlyIfIdle } of changes) {
    numbers[at] = asset.dev;
    numbers[at + 1] = asset.ino;
    columns[at] = actionOf(swap);
    columns[at + 1] = onlyIfIdle === true ? ONLY_IF_IDLE : 0;
    columns[at + 2] = empty;
    columns[at + 3] = reasons.intern(reason);
    columns[at + 4] = profiles.intern(profile);
    if (swap?.kind === 'replace') {
      numbers[at + 2] = swap.guard.size;
      numbers[at + 3] = swap.guard.mtimeNs;
      numbers[at + 4] = swap.mtimeNs;
      columns[at + 2] = strings.add(swap.replacement);
    }
    at += COLUMNS;
  }
  return { count: changes.length, numbers, columns, strings: strings.finish() };
}

export function unpackResult(result: NativeCommitResult): CommitResult {
  return {
    epoch: result.epoch,
    changed: result.changed,
    busy: readPairs(result.busy),
    known: readStrings(result.known) as VirtualPath[],
    tableNs: result.tableNs,
    kernelNs: result.kernelNs,
  };
}

function actionOf(swap: Swap | undefined): number {
  return ACTIONS[swap?.kind ?? 'remove'];
}

function readPairs(pairs: BigInt64Array): FileIdentity[] {
  const list: FileIdentity[] = [];
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    list.push({ dev: unsigned(pairs[at]), ino: unsigned(pairs[at + 1]) });
  }
  return list;
}

function unsigned(value: bigint | undefined): bigint {
  return BigInt.asUintN(64, value ?? 0n);
}
