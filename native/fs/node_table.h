// Nodes: what the kernel's nodeids name. A node is (asset, variant): flipping an asset gives its path
// another nodeid, so that handles and page cache of the old variant stay what they are.
//
// Records are fixed-size and addressed by id = generation << 32 | slot; slots are reused in the order
// they became free and get another generation, so an old id never names a new node. Names and other
// owned things live beside the records in `extras_`.
//
// A node lives while the kernel counts lookups on it, a handle is open, or it is the parent of a node.
// Thread-safe: one mutex, held for table work only (no system calls). For the lock order see swap_table.h.
#pragma once

#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "fs/fd.h"
#include "fs/file_id.h"
#include "fs/slot_index.h"
#include "fs/swap_table.h"

namespace proxyfs::fs {

using NodeId = uint64_t;
inline constexpr NodeId kRootNode = 1;

// A copy of what an operation needs to know; stays valid whatever happens to the node.
struct Node {
  NodeId id = 0;
  FileId file;
  int64_t birth_ns = 0;
  uint32_t type = 0;           // S_IFMT bits
  ReplacementRef replacement;  // null: the master
  uint64_t serial() const { return replacement ? replacement->serial() : 0; }
};

struct NodePlace {
  NodeId parent = 0;
  std::string name;
  bool gone = false;  // the name was removed through the mount
  SharedFd kept;      // set while it is gone, and so is every other name of the file
};

// How all open handles of one node read: all through one backing file of the kernel, or none.
struct Backing {
  enum class Mode : uint8_t { undecided, passthrough, plain };
  Mode mode = Mode::undecided;
  int32_t id = 0;
};

struct PlaceChange {
  NodeId parent = 0;
  std::string name;
};

class NodeTable {
 public:
  NodeTable(const FileId& root, int64_t root_birth_ns);

  // One more lookup of (file, replacement) under parent/name; makes the node when there is none.
  // `by_readdir`: the entry goes to the kernel in a READDIRPLUS reply. `former`: where the node was until now,
  // if it was elsewhere.
  NodeId enter(NodeId parent, std::string_view name, const FileStat& stat, const ReplacementRef& replacement,
               bool by_readdir = false, std::optional<NodePlace>* former = nullptr);
  // `count` lookups less. Returns the file when no node of it is left (its descriptors can go).
  std::optional<FileId> forget(NodeId id, uint64_t count);

  std::optional<Node> find(NodeId id) const;
  std::optional<NodePlace> place(NodeId id) const;
  // Relative to the root, no leading slash, "" for the root; the last known path when it was removed.
  std::string path(NodeId id) const;
  std::string path_of(NodeId parent, std::string_view name) const;

  // The name now stands for this file (rename through the mount, which also advances its ctime).
  void moved(const FileId& file, NodeId parent, std::string_view name, int64_t now_ns);
  // The name is gone; `kept` still reaches the file for those who hold it, null when it has further names.
  void detached(const FileId& file, NodeId parent, std::string_view name, SharedFd kept);
  bool has(const FileId& file) const;

  // Open handles. close() returns the file as forget() does.
  void open(NodeId id);
  std::optional<FileId> close(NodeId id);
  uint32_t opens(NodeId id) const;
  uint32_t opens_of(const FileId& file) const;
  Backing backing(NodeId id) const;
  void set_backing(NodeId id, Backing backing);

  // Remembers what a handle without passthrough last saw; true when nothing changed since, so that
  // the kernel may keep its pages.
  bool same_content(NodeId id, const FileStat& stat);

  // When the content of the file was last changed through the mount, as far as the daemon saw; 0 when never.
  void changed_here(NodeId id, int64_t now_ns);
  int64_t last_change_here(NodeId id) const;

  // What a commit needs of one asset, added to the lists: nodes the kernel knows. Their names are asked for when the
  // swap table is free again: whoever looks a path up need not wait for 100,000 of them to be copied.
  struct Known {
    std::vector<NodeId> nodes;       // every one of them
    std::vector<NodeId> files;       // one of each file
    std::vector<NodeId> by_readdir;  // those the kernel may have linked after reading its epoch
  };
  void collect_known(std::span<const FileId> files, Known& into) const;
  // Where they are now; what is gone, or has lost its name, is left out.
  std::vector<PlaceChange> places(const std::vector<NodeId>& ids) const;
  std::vector<std::string> paths(const std::vector<NodeId>& ids) const;

  // The source is another file system, whose identities say nothing of those before: every file gets a node of
  // its own, and those that are there serve who knows them until they are forgotten. Adds them to the list.
  void retire_all(const FileId& root, int64_t root_birth_ns, Known& into);

  uint64_t size() const;

 private:
  struct Record {
    FileId file;
    int64_t birth_ns = 0;
    NodeId parent = 0;
    uint64_t lookups = 0;
    uint32_t generation = 0;
    uint32_t type = 0;
    uint32_t children = 0;
    uint32_t opens = 0;
    uint32_t next_of_file = 0;  // slot of the next variant of the same file; 0 ends the chain
    Backing backing;
    bool used = false;
    bool indexed = false;      // in by_file_; not so when its inode number was reused
    bool by_readdir = false;   // last handed out by READDIRPLUS
    int64_t seen_mtime_ns = 0, seen_ctime_ns = 0;
    uint64_t seen_size = 0;
    int64_t changed_here_ns = 0;
  };
  struct Extra {
    std::string name;
    ReplacementRef replacement;
    bool gone = false;
    SharedFd kept;
  };

  Record* at(NodeId id);
  const Record* at(NodeId id) const;
  Record& must(NodeId id);
  static uint32_t slot_of(NodeId id) { return static_cast<uint32_t>(id); }
  NodeId id_of(uint32_t slot) const { return uint64_t{records_[slot].generation} << 32 | slot; }

  // First slot of the chain of variants; 0 when no node of this file is indexed.
  uint32_t first_slot(const FileId& file) const {
    return by_file_.find(file, [this](uint32_t slot) -> const FileId& { return records_[slot].file; });
  }
  uint32_t find_slot(const FileId& file, uint64_t serial, int64_t birth_ns);
  uint32_t make(const FileStat& stat, const ReplacementRef& replacement);
  uint32_t take_slot();
  void unindex(uint32_t slot);
  void settle(uint32_t slot, NodeId parent, std::string_view name);
  // Lets go of the node, and of those above it that lived for it alone. Returns its file as forget() does.
  std::optional<FileId> release_if_idle(uint32_t slot);
  bool is_idle(uint32_t slot) const;
  std::string path_at(NodeId id) const;
  // Calls with each record that is there and has its name, and lets others to the table now and then.
  template <typename Each>
  void for_each_named(const std::vector<NodeId>& ids, Each each) const;

  mutable std::mutex mutex_;  // guards everything below
  std::deque<Record> records_;
  std::deque<Extra> extras_;
  std::deque<uint32_t> free_;
  SlotIndex by_file_;  // first slot of the chain of variants
  uint64_t live_ = 0;
};

}  // namespace proxyfs::fs
