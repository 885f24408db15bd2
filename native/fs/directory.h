// OPENDIR, READDIR, READDIRPLUS, RELEASEDIR. Offsets are those of the source file system, so that a
// directory can be left and resumed anywhere.
#pragma once

#include "fs/volume.h"

namespace proxyfs::fs {

void open_directory(Call& call);
void read_directory(Call& call);
void read_directory_plus(Call& call);
void release_directory(Call& call);

}  // namespace proxyfs::fs
