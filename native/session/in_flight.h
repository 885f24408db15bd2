// What the readers are working on, so that callers who are killed need not wait for a source that hangs.
//
// A request that is here keeps its caller in the kernel, deaf even to SIGKILL, until it is answered. The kernel tells
// of any signal by FUSE_INTERRUPT; only a caller that is dying is answered for (EINTR), since a disk's file system
// would let no other signal through. The reader's own answer, when it comes, is refused by the kernel (ENOENT) like
// that to any request which was withdrawn.
//
// Thread-safe. Of a slot only its reader changes anything.
#pragma once

#include <linux/fuse.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "wire/reply.h"

namespace proxyfs::session {

class InFlight {
 public:
  static constexpr unsigned kMostReaders = 128;

  void begin(unsigned reader, wire::ReplySink& device, const fuse_in_header& header);
  void end(unsigned reader) { slots_[reader].unique.store(0, std::memory_order_release); }

  // FUSE_INTERRUPT: answers for the caller, or keeps the request in mind for recheck().
  void interrupted(uint64_t unique);
  // Answers for those that were interrupted before and are dying now; true while any is left.
  bool recheck();
  // How many readers are at the same request as at the last call. One caller at a time.
  unsigned count_stuck();

 private:
  struct Slot {
    std::atomic<uint64_t> unique{0};  // 0: idle
    std::atomic<uint32_t> pid{0};
    std::atomic<wire::ReplySink*> device{nullptr};
    uint64_t seen = 0;  // count_stuck()
  };
  enum class Settled { yes, not_yet };

  Settled settle(uint64_t unique);

  std::array<Slot, kMostReaders> slots_;
  std::mutex mutex_;
  std::vector<uint64_t> interrupted_;  // mutex_
};

// Whether this thread is about to end by a signal. False for one that cannot be looked at.
bool is_dying(uint32_t pid);

}  // namespace proxyfs::session
