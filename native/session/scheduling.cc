#include "session/scheduling.h"

#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

namespace proxyfs::session {

namespace {

constexpr uint64_t kSliceNs = 100'000;  // the least that the scheduler takes

// The first version of the kernel's `struct sched_attr`, which C libraries know only lately.
struct SchedulingAttributes {
  uint32_t size;
  uint32_t policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime_ns;
  uint64_t deadline_ns;
  uint64_t period_ns;
};

}  // namespace

bool prefer_promptness() {
  SchedulingAttributes attributes{};
  if (syscall(SYS_sched_getattr, 0, &attributes, sizeof attributes, 0) != 0) return false;
  // Somebody gave the daemon another policy: it knows better.
  if (attributes.policy != SCHED_OTHER) return false;
  attributes.size = sizeof attributes;
  attributes.runtime_ns = kSliceNs;
  return syscall(SYS_sched_setattr, 0, &attributes, 0) == 0;
}

}  // namespace proxyfs::session
