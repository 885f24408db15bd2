/** All named assets, page by page: for whoever goes through a large project without holding up others. */

import { Slices } from '../base/slices.js';
import type { Catalog, CatalogServable } from './catalog.js';

const PAGE = 250;

/**
 * In the order of their ids. Between two pages anything may happen to the catalog: each asset is as
 * it was when its page was read.
 */
export async function* servablePages(
  catalog: Catalog,
  signal?: AbortSignal,
): AsyncGenerator<readonly CatalogServable[], void> {
  const slices = new Slices();
  for (let page = pageAfter(catalog); page.length > 0; page = pageAfter(catalog, page.at(-1))) {
    yield page;
    await slices.rest(signal);
  }
}

function pageAfter(catalog: Catalog, last?: CatalogServable): readonly CatalogServable[] {
  const page: CatalogServable[] = [];
  for (const row of catalog.servable(last?.id)) if (page.push(row) === PAGE) break;
  return page;
}
