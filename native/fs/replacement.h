// One published replacement, as one committed swap names it.
//
// Its size and identity are learnt by the first lookup that needs them, not at commit: 100,000 stats
// would cost more than the whole flip. What was learnt is what every handle is later checked against.
// Thread-safe: the constants are set before it is shared, the rest follows `state_`.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>

#include "fs/types.h"

namespace proxyfs::fs {

class Replacement {
 public:
  struct Facts {
    FileId file;
    uint64_t size = 0;
    uint64_t blocks = 0;  // of 512 bytes
    uint32_t block_size = 0;
  };

  Replacement(std::string path, int64_t mtime_ns) : path_(std::move(path)), mtime_ns_(mtime_ns) {}

  const std::string& path() const { return path_; }
  int64_t mtime_ns() const { return mtime_ns_; }

  // Names this variant of the asset for the life of the process; never reused. Set by the first transaction that
  // puts it into the table, 0 before.
  uint64_t serial() const { return serial_; }
  void set_serial(uint64_t serial) { serial_ = serial; }

  // Both are true only after learn(); a broken replacement is never served again.
  bool usable() const { return state_.load(std::memory_order_acquire) == State::known; }
  bool broken() const { return state_.load(std::memory_order_acquire) == State::broken; }
  bool unknown() const { return !usable() && !broken(); }

  // Stats the file once; who comes meanwhile waits. Makes a system call: never under a lock of a table.
  void learn();
  // Valid once usable() has been true.
  const Facts& facts() const { return facts_; }
  // Opens it for reading and compares it with the facts: a descriptor, or -1 after marking it broken.
  // -EMFILE and the like are passed on as -errno below -1 and break nothing.
  int open_checked();
  // Whether the path still names the very file that was learnt. Makes a system call.
  bool is_unchanged() const;

 private:
  enum class State : uint8_t { unknown, learning, known, broken };

  const std::string path_;
  const int64_t mtime_ns_;
  uint64_t serial_ = 0;
  Facts facts_;  // written before state_ becomes known, constant afterwards
  std::atomic<State> state_{State::unknown};
};

}  // namespace proxyfs::fs
