// Descriptors of nodes: O_PATH, opened when first needed, at most `cap` of them kept.
//
// A lookup alone opens nothing, so a walk over a million files needs no descriptors. What was evicted is
// opened again by (parent, name) and must still be the same file, else ESTALE, which the kernel answers
// with a fresh lookup. Whoever holds the SharedFd keeps the file reachable: an open handle pins its node.
// Thread-safe: one mutex around the cache, never held over a system call or a call to the node table.
#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "fs/fd.h"
#include "fs/handle_table.h"
#include "fs/node_table.h"

namespace proxyfs::fs {

struct PathFd {
  SharedFd fd;
  int error = 0;  // positive errno when fd is null
  int get() const { return fd->get(); }
  explicit operator bool() const { return fd != nullptr; }
};

class NodeFiles {
 public:
  // `source` is an O_PATH descriptor of the root and stays open until another takes its place.
  NodeFiles(const NodeTable& nodes, const HandleTable& handles, Fd source, size_t cap);

  // A descriptor that names the master of the node: O_PATH, or one that an open handle lent.
  PathFd open_path(NodeId id);
  // Opens the master for real, by name, and says in `stat` what it is: -1 when that did not give the file of
  // this node at once, for whatever reason; open_path() and reopen() then find out.
  int open_by_name(const Node& node, int flags, FileStat& stat);
  // Whether the node's name leads to another file or to none by now, though a descriptor still reaches the
  // node: something that happened behind the mount.
  bool left_its_name(const Node& node);
  // A handle's own descriptor of the master serves as well; kept only as long as the handle lives.
  void lend(const Node& node, SharedFd fd);
  // A descriptor that may be of use, for as long as there is room.
  void keep(const Node& node, const SharedFd& fd);
  // No node of this file is left.
  void drop(const FileId& file);
  // Gives descriptors back when the process has none left (EMFILE).
  void shrink();
  // From now on everything is looked up below this root, O_PATH; what was opened below the one before is let go.
  void anchor(Fd source);
  // Keeps none but those in use: a descriptor would hold what is mounted below the source.
  void release();

  SharedFd root() const;
  size_t open_count() const;

 private:
  using Recent = std::list<std::pair<FileId, SharedFd>>;
  struct Slot {
    std::weak_ptr<const Fd> fd;
    int64_t birth_ns = 0;      // tells a file from an earlier one with its inode number
    Recent::iterator recent;  // recent_.end() when only a handle holds it
  };

  // Null when the file has no descriptor now.
  SharedFd cached(const Node& node);
  // What is to be opened by its name in what comes after it.
  struct Step {
    Node node;
    NodePlace place;
  };
  // The first of the node and those above it that has a descriptor; the others are added to `steps`.
  PathFd open_known(NodeId id, std::vector<Step>& steps);
  PathFd open_at(int directory, const std::string& name, const Node& node);
  void evict(size_t limit, Recent& evicted);

  const NodeTable& nodes_;
  const HandleTable& handles_;
  const size_t cap_;
  mutable std::mutex mutex_;  // leaf; guards everything below
  SharedFd source_;
  Recent recent_;             // front: used last
  std::unordered_map<FileId, Slot, FileIdHash> by_file_;
};

}  // namespace proxyfs::fs
