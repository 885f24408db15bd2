#include "session/scheduling.h"

#include <sched.h>
#include <sys/resource.h>

#include <thread>

#include "test/harness.h"

namespace {

using proxyfs::session::prefer_promptness;

TEST("a thread that prefers promptness keeps its policy and its priority") {
  std::thread thread([] {
    CHECK_EQUAL(setpriority(PRIO_PROCESS, 0, 5), 0);
    CHECK(prefer_promptness());
    CHECK_EQUAL(getpriority(PRIO_PROCESS, 0), 5);
    CHECK_EQUAL(sched_getscheduler(0), SCHED_OTHER);
  });
  thread.join();
}

TEST("a policy that somebody chose stays as it is") {
  std::thread thread([] {
    const sched_param none{};
    CHECK_EQUAL(sched_setscheduler(0, SCHED_IDLE, &none), 0);
    CHECK(!prefer_promptness());
    CHECK_EQUAL(sched_getscheduler(0), SCHED_IDLE);
  });
  thread.join();
}

}  // namespace
