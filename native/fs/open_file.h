// OPEN, READ, RELEASE, LSEEK, and what CREATE shares with them: making a handle and giving it up.
#pragma once

#include "fs/attributes.h"

namespace proxyfs::fs {

// What the caller's flags mean for a descriptor of our own.
int own_open_flags(uint32_t caller_flags);

// A handle on `fd`; the node's open count was raised before (nodes.open).
HandleRef make_handle(Call& call, const Node& node, SharedFd fd, SharedFd path_fd, uint32_t flags,
                      const FileStat& master);

// Settles how the node is read while it is open (backing file or not) and fills the reply.
wire::OpenOut open_out(Volume& volume, Handle& handle, const FileStat& master);

// One open of the node less; the last one closes its backing file.
void release_node(Volume& volume, NodeId id);

// Undoes add() when the reply did not arrive.
void abandon_handle(Volume& volume, uint64_t fh);

// A write to a path that is served from a replacement: replies EROFS, or ESTALE once it is demoted.
void refuse_write(Call& call, const Node& node);

void open_file(Call& call);
void read_file(Call& call);
void release_file(Call& call);
void seek(Call& call);

}  // namespace proxyfs::fs
