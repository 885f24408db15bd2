// STATFS and SYNCFS: the file system that holds the source.
#pragma once

#include "fs/volume.h"

namespace proxyfs::fs {

void stat_file_system(Call& call);
void sync_file_system(Call& call);

}  // namespace proxyfs::fs
