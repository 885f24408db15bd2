// CREATE, TMPFILE, MKNOD, MKDIR, SYMLINK: new names in the source tree, owned by the caller.
#pragma once

#include "fs/volume.h"

namespace proxyfs::fs {

// A name that a request may make, remove or move: 0 or a positive errno. Hidden names of the root can
// neither be made (EPERM) nor found (ENOENT, by the caller's choice of `when_hidden`).
int check_name(const Volume& volume, NodeId parent, std::string_view name, int when_hidden);

void create_file(Call& call);
void create_unnamed_file(Call& call);
void make_node(Call& call);
void make_directory(Call& call);
void make_symlink(Call& call);

}  // namespace proxyfs::fs
