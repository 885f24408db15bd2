// How a file looks to the kernel: the master's identity, owner, mode and links, and exactly the size of
// what is served.
#pragma once

#include "fs/volume.h"

namespace proxyfs::fs {

// `flip_ns`: when the asset last changed its variant, so that ctime advances with a flip; 0 when never.
fuse_attr attributes(const Volume& volume, const FileStat& master, const Replacement* served, int64_t flip_ns);

// Replies with a fuse_attr_out about the node of the call; `served` null for masters.
int reply_attributes(Call& call, const FileStat& master, const Replacement* served, int64_t flip_ns);

// Splits options.cache_seconds.
void set_timeout(const Volume& volume, uint64_t& seconds, uint32_t& nanoseconds);
// The same for attributes: none for a master that is being changed behind the mount. Two replies that overtake
// each other would leave the older size in the kernel for as long as it is valid.
void set_attribute_timeout(const Volume& volume, NodeId id, const FileStat& master, const Replacement* served,
                           uint64_t& seconds, uint32_t& nanoseconds);

// GETATTR, and STATX, which adds the birth time.
void get_attributes(Call& call);
void get_extended_attributes(Call& call);

// The node of the call and a descriptor of its master, with the master's present state; replies the error
// and returns false when there is none.
struct Target {
  Node node;
  PathFd path;
  FileStat master{};
};
bool find_target(Call& call, NodeId id, Target& target);
int64_t flip_time(const Volume& volume, const Target& target);

}  // namespace proxyfs::fs
