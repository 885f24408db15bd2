#include "session/in_flight.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <vector>

#include "test/harness.h"

namespace {

using proxyfs::session::InFlight;

struct Answers final : proxyfs::wire::ReplySink {
  int send(uint64_t unique, int error, std::span<const std::span<const std::byte>>) override {
    sent.emplace_back(unique, error);
    return 0;
  }
  std::vector<std::pair<uint64_t, int>> sent;
};

// Somebody else, who waits for nothing.
struct Caller {
  Caller() : pid(::fork()) {
    if (pid == 0) {
      for (;;) ::pause();
    }
  }
  ~Caller() {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  fuse_in_header asks(uint64_t unique) const {
    fuse_in_header header{};
    header.unique = unique;
    header.pid = static_cast<uint32_t>(pid);
    return header;
  }
  const pid_t pid;
};

TEST("a caller that lives is not answered for, whatever interrupts it; its request is kept in mind while it lasts") {
  InFlight in_flight;
  Answers device;
  const Caller caller;
  in_flight.begin(0, device, caller.asks(8));
  in_flight.interrupted(8);
  CHECK(in_flight.recheck());
  CHECK(device.sent.empty());
  in_flight.end(0);
  CHECK(!in_flight.recheck());
  in_flight.interrupted(10);
  CHECK(!in_flight.recheck());
  CHECK(device.sent.empty());
}

TEST("nobody is dying who does not exist, cannot be seen or simply runs") {
  const Caller caller;
  CHECK(!proxyfs::session::is_dying(static_cast<uint32_t>(caller.pid)));
  CHECK(!proxyfs::session::is_dying(0));
  CHECK(!proxyfs::session::is_dying(0x7fffffff));
}

TEST("readers count as stuck that are at the same request as the last time") {
  InFlight in_flight;
  Answers device;
  const Caller caller;
  in_flight.begin(0, device, caller.asks(2));
  in_flight.begin(3, device, caller.asks(4));
  CHECK_EQUAL(in_flight.count_stuck(), 0U);
  CHECK_EQUAL(in_flight.count_stuck(), 2U);
  in_flight.begin(0, device, caller.asks(6));
  CHECK_EQUAL(in_flight.count_stuck(), 1U);
  in_flight.end(3);
  CHECK_EQUAL(in_flight.count_stuck(), 1U);
  in_flight.end(0);
  CHECK_EQUAL(in_flight.count_stuck(), 0U);
}

}  // namespace
