// Opens that met a commit on their way.
//
// An OPEN of an outdated node gets ESTALE, and the kernel looks the path up again, once. When yet another
// commit came between that lookup and the OPEN behind it, a second ESTALE would reach the program. So a commit
// waits for that OPEN: microseconds, or kPatience when it never comes (the open failed on other grounds).
// After a commit nobody is left who may open what it replaced.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <vector>

#include "fs/node_table.h"

namespace proxyfs::fs {

// Thread-safe; its mutex is a leaf. Full slots are overwritten: the loser gets its ESTALE.
class OpenRetries {
 public:
  using Clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds kPatience{100};

  // `thread` (the kernel's pid of a request) was told ESTALE about `file`.
  void begin(uint32_t thread, const FileId& file);
  // Whether it comes again for `file` with no lookup between, as only who opens a descriptor anew does
  // (/proc/self/fd/N): the kernel has no name to look up then. Changes nothing.
  bool came_straight_back(uint32_t thread, const FileId& file);
  // Its lookup found `node` for `file`. Called under the table's reader lock that the answer came from.
  void looked_up(uint32_t thread, const FileId& file, NodeId node);
  // Whether this OPEN is the one behind that lookup. Any OPEN ends what was remembered of its thread. Called
  // under the table's reader lock under which the open is counted.
  bool take(uint32_t thread, NodeId node);

  // Files whose OPEN is still to come. Under the table's writer lock nobody joins them.
  std::vector<FileId> expected() const;
  // Returns when one of them has come or has been given up. Called with no lock held.
  void wait() const;

 private:
  struct Slot {
    uint32_t thread = 0;
    FileId file;
    NodeId node = 0;
    Clock::time_point until;
  };
  Slot* find(uint32_t thread);           // mutex_ held
  static bool is_expected(const Slot& slot, Clock::time_point now);

  mutable std::mutex mutex_;
  mutable std::condition_variable taken_;
  std::array<Slot, 64> slots_;        // mutex_
  uint64_t takes_ = 0;                // mutex_
  std::atomic<uint32_t> pending_{0};  // used slots: lookups and opens look no further while it is 0
};

}  // namespace proxyfs::fs
