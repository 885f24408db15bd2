// Extended attributes: the master's own, and the virtual user.proxyfs.* ones on every path.
#pragma once

#include "fs/volume.h"

namespace proxyfs::fs {

void get_xattr(Call& call);
void list_xattr(Call& call);
void set_xattr(Call& call);
void remove_xattr(Call& call);

}  // namespace proxyfs::fs
