/** Whether an asset already has the proxy a plan asks for. */

import type { PoolKey } from '../base/ids.js';
import type { AssetRow } from '../catalog/asset.js';
import type { Catalog, VariantRow } from '../catalog/catalog.js';
import type { MasterGuard } from '../mount/driver.js';

/** The recorded variant with this key, made from the master as it is now. */
export function currentVariant(catalog: Catalog, asset: AssetRow, poolKey: PoolKey): VariantRow | undefined {
  return catalog
    .variantsOf(asset.id)
    .find((variant) => variant.poolKey === poolKey && isSameMaster(variant.guard, asset.master));
}

export const isSameMaster = (a: MasterGuard, b: MasterGuard): boolean => a.size === b.size && a.mtimeNs === b.mtimeNs;
