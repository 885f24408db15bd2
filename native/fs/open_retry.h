// Opens that met a commit on their way.
//
// An OPEN of an outdated node gets ESTALE, and the kernel looks the path up again, once. When yet another
// commit comes between that lookup and the OPEN behind it, a second ESTALE would reach the program. But this
// open began before that commit, so the variant of its own lookup is a right answer: it is let through.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>

#include "fs/node_table.h"

namespace proxyfs::fs {

// Thread-safe; its mutex is a leaf. Full slots are overwritten: the loser gets its ESTALE.
class OpenRetries {
 public:
  // `thread` (the kernel's pid of a request) was told ESTALE about `file`.
  void begin(uint32_t thread, const FileId& file);
  // Its lookup found `node` for `file`.
  void looked_up(uint32_t thread, const FileId& file, NodeId node);
  // Whether this OPEN is the one behind that lookup. Any OPEN ends what was remembered of its thread.
  bool take(uint32_t thread, NodeId node);

 private:
  struct Slot {
    uint32_t thread = 0;
    FileId file;
    NodeId node = 0;
  };
  Slot* find(uint32_t thread);  // mutex_ held

  std::mutex mutex_;
  std::array<Slot, 64> slots_;       // mutex_
  std::atomic<uint32_t> pending_{0};  // used slots: lookups and opens look no further while it is 0
};

}  // namespace proxyfs::fs
