#include "session/device.h"

#include <errno.h>
#include <signal.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <chrono>
#include <thread>

#include "session/signals.h"
#include "test/harness.h"

namespace {

using proxyfs::session::Device;
using proxyfs::session::UniqueFd;

// A datagram socket keeps message boundaries like /dev/fuse does.
struct Pair {
  Pair() {
    int ends[2] = {-1, -1};
    CHECK_EQUAL(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    kernel = UniqueFd(ends[0]);
    device = std::make_unique<Device>(UniqueFd(ends[1]));
  }
  UniqueFd kernel;
  std::unique_ptr<Device> device;
};

template <size_t N>
std::span<const std::byte> bytes(const std::array<unsigned char, N>& array) {
  return std::as_bytes(std::span(array));
}

TEST("a reply is one message: header with the whole length, then the parts") {
  Pair pair;
  const std::array<unsigned char, 2> first{1, 2};
  const std::array<unsigned char, 3> second{3, 4, 5};
  const std::array parts{bytes(first), std::span<const std::byte>(), bytes(second)};
  CHECK_EQUAL(pair.device->send(0x1122, 0, parts), 0);
  std::array<unsigned char, 64> got{};
  const ssize_t count = ::read(pair.kernel.get(), got.data(), got.size());
  CHECK_EQUAL(count, 21);
  const std::array<unsigned char, 21> expected{21, 0, 0, 0, 0, 0, 0, 0, 0x22, 0x11, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5};
  CHECK(std::equal(expected.begin(), expected.end(), got.begin()));
}

TEST("an error travels as its negative number, without parts") {
  Pair pair;
  CHECK_EQUAL(pair.device->send(7, EROFS, {}), 0);
  std::array<unsigned char, 64> got{};
  CHECK_EQUAL(::read(pair.kernel.get(), got.data(), got.size()), 16);
  const std::array<unsigned char, 16> expected{16, 0, 0, 0, 0xe2, 0xff, 0xff, 0xff, 7, 0, 0, 0, 0, 0, 0, 0};
  CHECK(std::equal(expected.begin(), expected.end(), got.begin()));
}

TEST("reading gives one request, or the negative errno") {
  Pair pair;
  CHECK_EQUAL(::write(pair.kernel.get(), "request", 7), 7);
  std::array<std::byte, 64> buffer;
  CHECK_EQUAL(pair.device->read(buffer), 7);
  const Device closed{UniqueFd()};
  CHECK_EQUAL(closed.read(buffer), -EBADF);
}

TEST("a thread that waits for requests is woken, and keeps every other signal away from itself") {
  Pair pair;
  proxyfs::session::install_wake_handler();
  std::atomic<bool> waiting{false};
  std::atomic<bool> done{false};
  ssize_t result = 0;
  bool blocks_sigint = false;
  std::thread reader([&] {
    proxyfs::session::prepare_thread("test reader");
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, nullptr, &mask);
    blocks_sigint = sigismember(&mask, SIGINT) == 1;
    std::array<std::byte, 64> buffer;
    waiting = true;
    result = pair.device->read(buffer);
    done = true;
  });
  while (!waiting) std::this_thread::yield();
  while (!done) {
    proxyfs::session::wake(reader.native_handle());
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  reader.join();
  CHECK_EQUAL(result, -EINTR);
  CHECK(blocks_sigint);
}

TEST("a descriptor has one owner, and moving leaves nothing behind") {
  int ends[2];
  CHECK_EQUAL(::pipe(ends), 0);
  UniqueFd first(ends[0]);
  UniqueFd second(std::move(first));
  CHECK(!first && second.get() == ends[0]);
  UniqueFd third(ends[1]);
  third = std::move(second);
  CHECK_EQUAL(::write(ends[1], "x", 1), -1);
  CHECK_EQUAL(errno, EBADF);
  CHECK_EQUAL(third.get(), ends[0]);
}

}  // namespace
