/**
 * Memory that was freed in native code, and that the allocator keeps for later: after work on a whole
 * project it is as much as the project itself takes. An addon that was built before it could do that
 * leaves it where it is.
 */

import { addonIfBuilt } from './native-loader.js';

export function returnFreeMemory(): void {
  addonIfBuilt()?.returnFreeMemory?.();
}
