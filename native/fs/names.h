// UNLINK, RMDIR, RENAME, RENAME2, LINK, READLINK: names of what exists. They act on the master, whatever
// the path is served from.
#pragma once

#include "fs/volume.h"

namespace proxyfs::fs {

void unlink_file(Call& call);
void remove_directory(Call& call);
void rename_entry(Call& call);
void rename_entry_with_flags(Call& call);
void link_file(Call& call);
void read_link(Call& call);

}  // namespace proxyfs::fs
