/**
 * What `status` says of all assets together. A pass over 100,000 of them takes a few tenths of a
 * second, in slices: whoever asks meanwhile, or soon after, gets what that pass found.
 */

import { type ReasonRow, ReasonTally } from '../src/view/reason-tally.js';
import { usableProxy } from '../src/view/resolve.js';
import type { ServableAsset } from '../src/view/servable.js';
import type { Daemon } from './daemon.js';

/** A summary is good for ten times as long as it took, and no longer than this: small projects get fresh ones. */
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

interface Pass {
  readonly summary: Promise<Summary>;
  /** Of the clock that nobody sets; without an end while it goes on. */
  staleAt: number;
}

const passes = new WeakMap<Daemon, Pass>();

export async function summaryOf(daemon: Daemon): Promise<Summary> {
  const last = passes.get(daemon);
  return await (last !== undefined && performance.now() < last.staleAt ? last : beginPass(daemon)).summary;
}

function beginPass(daemon: Daemon): Pass {
  const begun = performance.now();
  const summary = summarise(daemon);
  const pass: Pass = { summary, staleAt: Number.POSITIVE_INFINITY };
  passes.set(daemon, pass);
  summary.then(
    () => {
      const now = performance.now();
      pass.staleAt = now + Math.min(MOST_AGE_MS, AGE_OF_TIMES * (now - begun));
    },
    () => passes.delete(daemon),
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
