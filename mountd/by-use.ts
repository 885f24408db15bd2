/** What is opened often is made first. */

import type { AssetId } from '../src/base/ids.js';
import type { CacheBook } from '../src/catalog/cache-book.js';

/** Puts first, in place, what had its proxy opened on the most days, in whatever set; the rest keeps its order. */
export function byUse(wanted: { readonly id: AssetId }[], book: CacheBook): void {
  const uses = new Map<AssetId, number>();
  for (const { days, owners } of book.objects()) {
    if (days === 0) continue;
    for (const { asset } of owners) uses.set(asset, Math.max(days, uses.get(asset) ?? 0));
  }
  if (uses.size > 0) wanted.sort((a, b) => (uses.get(b.id) ?? 0) - (uses.get(a.id) ?? 0));
}
