// Open files and directories: what the kernel's file handles name.
//
// A handle is pinned to its variant at OPEN and owns the descriptor it reads from; nothing that happens
// to the table, the path or the node changes that. Ids are generation << 32 | slot, like nodeids.
// Thread-safe: one mutex around the table; a Handle is constant after add() but for what it says.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "fs/fd.h"
#include "fs/node_table.h"

namespace proxyfs::fs {

// Position of a directory handle: entries read from the source but not yet handed out.
struct DirectoryStream {
  std::mutex mutex;  // outermost; guards the rest, held while one listing of this handle is made
  std::vector<std::byte> buffer;
  size_t position = 0;
  size_t filled = 0;
  int64_t offset = 0;  // where the entry at `position` starts
};

struct Handle {
  Node node;
  SharedFd fd;         // the served file, or the directory
  SharedFd path_fd;    // the master; the same as fd for masters
  bool writable = false;
  bool mappable = false;  // for writing: needs the right to read as well
  bool passthrough = false;
  bool directory = false;
  uint32_t pid = 0;
  uint32_t uid = 0;
  int64_t since_ms = 0;
  // Master's state when a writable handle was opened: passthrough writes are not seen by the daemon.
  int64_t opened_mtime_ns = 0, opened_ctime_ns = 0;
  uint64_t opened_size = 0;
  bool created = false;
  std::unique_ptr<DirectoryStream> stream;  // directories only
};

using HandleRef = std::shared_ptr<Handle>;

class HandleTable {
 public:
  uint64_t add(HandleRef handle);
  HandleRef find(uint64_t id) const;
  HandleRef remove(uint64_t id);
  std::vector<HandleRef> files() const;
  // A descriptor of the master (or directory) of this node, from whoever has it open; null when nobody has.
  // Looks at every handle: for files that cannot be reached by name any more.
  SharedFd descriptor_of(const Node& node) const;
  // Whether somebody may write to this node without the daemon's knowing: through a mapping whose pages
  // the kernel still holds back.
  bool has_unseen_writer(NodeId node) const;
  // Whether somebody has this node open for writing.
  bool has_writer(NodeId node) const;
  uint64_t size() const;

 private:
  struct Slot {
    uint32_t generation = 0;
    HandleRef handle;
  };

  mutable std::mutex mutex_;  // leaf; guards everything below
  std::vector<Slot> slots_;
  std::deque<uint32_t> free_;
  uint64_t used_ = 0;
  std::unordered_map<NodeId, uint32_t> writers_;  // how many of the handles of a node are writable; none is absent
};

}  // namespace proxyfs::fs
