#include "session/notifier.h"

#include <atomic>
#include <chrono>

#include "session/signals.h"
#include "test/harness.h"
#include "wire/notification.h"

namespace {

using proxyfs::session::Notifier;
using namespace std::chrono_literals;

void wait_until(const std::atomic<int>& counter, int value) {
  for (int round = 0; round < 2000 && counter < value; ++round) std::this_thread::sleep_for(1ms);
}

TEST("notifications leave in order, from a thread of their own, and never from the one that pushed") {
  std::vector<size_t> sizes;
  std::thread::id sender;
  std::atomic<int> sent{0};
  Notifier notifier([&](const std::vector<std::byte>& message) {
    sizes.push_back(message.size());
    sender = std::this_thread::get_id();
    ++sent;
  });
  notifier.push(proxyfs::wire::inval_entry_message(1, "a"));
  notifier.start();
  notifier.push(proxyfs::wire::inval_entry_message(1, "ab"));
  notifier.push(proxyfs::wire::inval_entry_message(1, "abc"));
  wait_until(sent, 3);
  notifier.stop();
  CHECK(sizes == (std::vector<size_t>{34, 35, 36}));
  CHECK(sender != std::this_thread::get_id());
}

TEST("stopping drops what waits, may be repeated, and what comes afterwards is ignored") {
  std::atomic<int> sent{0};
  std::atomic<bool> release{false};
  Notifier notifier([&](const std::vector<std::byte>&) {
    ++sent;
    while (!release) std::this_thread::sleep_for(1ms);
  });
  notifier.start();
  for (int index = 0; index < 10; ++index) notifier.push(proxyfs::wire::inc_epoch_message());
  wait_until(sent, 1);
  std::thread stopper([&] { notifier.stop(); });
  std::this_thread::sleep_for(5ms);
  release = true;
  stopper.join();
  notifier.stop();
  notifier.push(proxyfs::wire::inc_epoch_message());
  CHECK_EQUAL(sent.load(), 1);
}

}  // namespace
