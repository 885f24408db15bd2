// Everything the operations share: the tables, the kernel, and the small questions each of them asks.
// Operations are free functions on a Call, one concept a file; dispatch.cc maps opcodes to them.
#pragma once

#include <array>
#include <atomic>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "fs/filesystem.h"
#include "fs/handle_table.h"
#include "fs/node_files.h"
#include "fs/node_table.h"
#include "fs/open_retry.h"
#include "fs/swap_table.h"

namespace proxyfs::fs {

struct CounterCells {
  std::atomic<uint64_t> lookups{0}, forgets{0}, opens{0}, reads{0}, writes{0};
};

struct Volume {
  Volume(Options options, Kernel& kernel, EventSink& events);
  ~Volume();

  const Options options;
  Kernel& kernel;
  EventSink& events;
  Capabilities capabilities;  // set by start(), before the first request
  const Fd proc_fds;          // /proc/self/fd: descriptors are reopened and named through it
  std::atomic<uint64_t> own_device;  // of the source's root; another one after anchor()
  NodeTable nodes;
  HandleTable handles;
  NodeFiles files;
  SwapTable swaps;
  OpenRetries retries;
  CounterCells counters;
  // Serialises the first open and the last close of one node; node id modulo size picks the stripe.
  std::array<std::mutex, 64> backing_stripes;

  std::mutex& backing_stripe(NodeId id) { return backing_stripes[static_cast<uint32_t>(id) % backing_stripes.size()]; }
  bool is_hidden(NodeId parent, std::string_view name) const;
  // What st_ino says of a file. To its users the mount is one device, and file systems deal the same numbers: what
  // lies on another one, mounted below the source, gets numbers apart.
  uint64_t shown_inode(const FileId& file) const;
  void forget(NodeId id, uint64_t count);
  // Whether the master was changed a moment ago and not by us: it may be growing at this very time.
  bool changes_behind(NodeId id, const FileStat& master) const;
  void emit(EventKind kind, std::string path, const FileId& asset = {}, bool replaced = false, uint32_t pid = 0);
};

struct Call {
  Volume& volume;
  const wire::Request& request;
  wire::Reply& reply;

  NodeId nodeid() const { return request.nodeid(); }
  uint32_t pid() const { return request.header().pid; }
};

// "/proc/self/fd/N" for calls that take a path only; follows to exactly the file that N names.
std::string proc_path(int fd);

// Opens for real what `path_fd` names. A descriptor or -errno.
int reopen(Volume& volume, int path_fd, int flags);

// A buffer of this thread, reused by its next request.
std::span<std::byte> scratch(size_t size);

int64_t wall_clock_ns();

}  // namespace proxyfs::fs
