// LOOKUP, FORGET, BATCH_FORGET, and the one way in which a name becomes a node.
#pragma once

#include "fs/attributes.h"

namespace proxyfs::fs {

struct Entered {
  NodeId id = 0;
  ReplacementRef replacement;  // null: the master
  int64_t flip_ns = 0;
  bool listed = false;
};

// Decides by the table what parent/name is served from and counts one lookup of that node.
// Whoever calls it must get the entry to the kernel or call Volume::forget(id, 1).
// `asker` is the thread on whose behalf (see open_retry.h), or kListing for READDIRPLUS.
inline constexpr uint32_t kListing = UINT32_MAX;
Entered enter(Volume& volume, NodeId parent, std::string_view name, const FileStat& stat, uint32_t asker);

fuse_entry_out entry_out(const Volume& volume, const Entered& entered, const FileStat& stat);

// Stats parent/name, enters it and replies; for everything that answers with an entry.
void reply_entry(Call& call, int parent_fd, NodeId parent, std::string_view name);

void lookup(Call& call);
void forget(Call& call);
void batch_forget(Call& call);

}  // namespace proxyfs::fs
