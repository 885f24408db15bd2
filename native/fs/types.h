// The vocabulary that fs shares with the layers above it: swaps, commits, handles, events.
// Plain values; no locks, no system calls.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace proxyfs::fs {

// Identity of a file on this machine (st_dev, st_ino).
struct FileId {
  uint64_t dev = 0;
  uint64_t ino = 0;
  bool operator==(const FileId&) const = default;
};

enum class SwapAction : uint32_t { remove = 0, master = 1, replace = 2, deny = 3 };

struct SwapChange {
  FileId asset;
  SwapAction action = SwapAction::master;
  bool only_if_idle = false;
  uint64_t guard_size = 0;
  int64_t guard_mtime_ns = 0;
  int64_t mtime_ns = 0;      // shown while the replacement is served
  std::string replacement;   // absolute path; only for replace
  std::string reason;        // user.proxyfs.reason
  std::string profile;       // user.proxyfs.profile
};

struct CommitResult {
  uint64_t epoch = 0;
  uint64_t changed = 0;
  std::vector<FileId> busy;
  std::vector<std::string> known;  // paths, relative to the root, that the kernel has looked up
  uint64_t table_ns = 0;
  uint64_t kernel_ns = 0;
};

struct HandleInfo {
  std::string path;
  FileId asset;
  bool replaced = false;
  bool outdated = false;
  bool writable = false;
  uint32_t pid = 0;
  uint32_t uid = 0;
  int64_t since_ms = 0;
};

enum class EventKind : uint8_t { opened, idle, stale, write_refused, demoted, changed };

struct Event {
  EventKind kind;
  std::string path;
  FileId asset;
  bool replaced = false;
  uint32_t pid = 0;
};

// Where fs reports what happened. Called from request threads: must not block.
class EventSink {
 public:
  virtual ~EventSink() = default;
  virtual void emit(Event event) = 0;
};

struct Counters {
  uint64_t lookups = 0, forgets = 0, opens = 0, reads = 0, writes = 0;
  uint64_t nodes = 0, open_handles = 0, swaps = 0;
};

}  // namespace proxyfs::fs
