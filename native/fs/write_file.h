// WRITE, FLUSH, FSYNC, FSYNCDIR, FALLOCATE, COPY_FILE_RANGE: what is done to an open handle.
#pragma once

#include "fs/volume.h"

namespace proxyfs::fs {

void write_file(Call& call);
void flush_file(Call& call);
void sync_handle(Call& call);
void allocate(Call& call);
void copy_range(Call& call);
void copy_range_64(Call& call);

}  // namespace proxyfs::fs
