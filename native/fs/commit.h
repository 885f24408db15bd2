// The swap table's transaction, and telling the kernel about it.
#pragma once

#include <vector>

#include "fs/volume.h"

namespace proxyfs::fs {

CommitResult commit(Volume& volume, std::vector<SwapChange> changes);

// Everything is served below this root from now on; O_PATH. Open handles stay what they are. 0 or -errno.
int anchor(Volume& volume, Fd source);

// Open files; `outdated` is what the table alone says, without looking at the master again.
std::vector<HandleInfo> list_handles(const Volume& volume, bool only_swappable);

}  // namespace proxyfs::fs
