#include "session/in_flight.h"

#include <errno.h>
#include <signal.h>

#include <fstream>
#include <string>

namespace proxyfs::session {

void InFlight::begin(unsigned reader, wire::ReplySink& device, const fuse_in_header& header) {
  Slot& slot = slots_[reader];
  slot.device.store(&device, std::memory_order_relaxed);
  slot.pid.store(header.pid, std::memory_order_relaxed);
  slot.unique.store(header.unique, std::memory_order_release);
}

void InFlight::interrupted(uint64_t unique) {
  if (settle(unique) == Settled::yes) return;
  const std::lock_guard guard(mutex_);
  interrupted_.push_back(unique);
}

bool InFlight::recheck() {
  const std::lock_guard guard(mutex_);
  std::erase_if(interrupted_, [this](uint64_t unique) { return settle(unique) == Settled::yes; });
  return !interrupted_.empty();
}

unsigned InFlight::count_stuck() {
  unsigned stuck = 0;
  for (Slot& slot : slots_) {
    const uint64_t unique = slot.unique.load(std::memory_order_acquire);
    if (unique != 0 && unique == slot.seen) ++stuck;
    slot.seen = unique;
  }
  return stuck;
}

InFlight::Settled InFlight::settle(uint64_t unique) {
  for (Slot& slot : slots_) {
    if (slot.unique.load(std::memory_order_acquire) != unique) continue;
    const uint32_t pid = slot.pid.load(std::memory_order_relaxed);
    wire::ReplySink* const device = slot.device.load(std::memory_order_relaxed);
    // Taken over meanwhile by the next request: this one has been answered.
    if (slot.unique.load(std::memory_order_acquire) != unique) return Settled::yes;
    if (!is_dying(pid)) return Settled::not_yet;
    // ENOENT: the reader was faster.
    (void)device->send(unique, EINTR, {});
    return Settled::yes;
  }
  return Settled::yes;
}

bool is_dying(uint32_t pid) {
  // 0: a caller of another pid namespace.
  if (pid == 0) return false;
  std::ifstream status("/proc/" + std::to_string(pid) + "/status");
  // Any signal that ends a process becomes SIGKILL for each of its threads.
  for (std::string line; std::getline(status, line);) {
    if (line.rfind("SigPnd:", 0) != 0) continue;
    return (std::stoull(line.substr(7), nullptr, 16) >> (SIGKILL - 1) & 1) != 0;
  }
  return false;
}

}  // namespace proxyfs::session
