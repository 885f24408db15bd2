/**
 * What `status` says of all assets together. A pass over 100,000 of them takes a few tenths of a
 * second, in slices: whoever asks meanwhile, or soon after, gets what that pass found.
 */

import { type ReasonRow, ReasonTally } from '../src/view/reason-tally.js';
import { usableProxy } from '../src/view/resolve.js';
import type { ServableAsset } from '../src/view/servable.js';
import type { Daemon } from './daemon.js';

/**
 * A summary is good for ten times as long as it took, and no longer than this: small projects get fresh ones. Who
 * asks in the second half of that time has the next one made, so that whoever asks again and again never waits.
 */
const MOST_AGE_MS = 2000;
const AGE_OF_TIMES = 10;

export interface Summary {
  readonly total: number;
  readonly eligible: number;
  readonly ineligible: number;
  readonly ready: number;
  /** Without a proxy, and not set aside. */
  readonly missing: number;
  /** Set aside, in the set that they serve. */
  readonly failed: number;
  readonly masterBytes: number;
  readonly readyBytes: number;
  readonly ineligibleBy: readonly ReasonRow[];
}

interface Known {
  /** Times are of the clock that nobody sets. */
  latest?: { readonly summary: Summary; readonly dueAt: number; readonly staleAt: number };
  /** The one that goes on. */
  pass?: Promise<Summary> | undefined;
}

const known = new WeakMap<Daemon, Known>();

export async function summaryOf(daemon: Daemon): Promise<Summary> {
  const of = known.get(daemon) ?? {};
  known.set(daemon, of);
  const now = performance.now();
  const good = of.latest !== undefined && now < of.latest.staleAt ? of.latest : undefined;
  if (good !== undefined && now < good.dueAt) return good.summary;
  of.pass ??= beginPass(daemon, of);
  return good?.summary ?? (await of.pass);
}

function beginPass(daemon: Daemon, of: Known): Promise<Summary> {
  const begun = performance.now();
  const pass = summarise(daemon).finally(() => {
    of.pass = undefined;
  });
  pass.then(
    (summary) => {
      const now = performance.now();
      const goodFor = Math.min(MOST_AGE_MS, AGE_OF_TIMES * (now - begun));
      of.latest = { summary, dueAt: now + goodFor / 2, staleAt: now + goodFor };
    },
    // Of one that nobody waits for: who asks when the summary is stale begins another, and hears why it fails.
    () => undefined,
  );
  return pass;
}

async function summarise({ view }: Daemon): Promise<Summary> {
  const tally = new Tally();
  for await (const page of view.pages()) for (const asset of page) tally.add(asset);
  return tally.summary();
}

class Tally {
  readonly #reasons = new ReasonTally();
  #total = 0;
  #eligible = 0;
  #ineligible = 0;
  #ready = 0;
  #failed = 0;
  #masterBytes = 0n;
  #readyBytes = 0n;

  add(asset: ServableAsset): void {
    const { eligibility, master } = asset;
    this.#total += 1;
    this.#masterBytes += master.size;
    if (eligibility.kind === 'ineligible') {
      this.#ineligible += 1;
      this.#reasons.add(eligibility.code, eligibility.reason);
    }
    if (eligibility.kind !== 'eligible') return;
    this.#eligible += 1;
    if (usableProxy(asset) === undefined) {
      // Of assets in pages nothing but a failure is said.
      if (asset.pending !== undefined) this.#failed += 1;
      return;
    }
    this.#ready += 1;
    this.#readyBytes += master.size;
  }

  summary(): Summary {
    return {
      total: this.#total,
      eligible: this.#eligible,
      ineligible: this.#ineligible,
      ready: this.#ready,
      missing: this.#eligible - this.#ready - this.#failed,
      failed: this.#failed,
      masterBytes: Number(this.#masterBytes),
      readyBytes: Number(this.#readyBytes),
      ineligibleBy: this.#reasons.rows(),
    };
  }
}
