// Sends notifications from a thread of its own, in order.
//
// A notification takes dentry and inode locks in the kernel, which a request that is being
// answered may hold: sent from inside that request it would wait for itself.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace proxyfs::session {

class Notifier {
 public:
  using Send = std::function<void(const std::vector<std::byte>&)>;

  explicit Notifier(Send send) : send_(std::move(send)) {}
  ~Notifier() { stop(); }

  void start();
  // Never blocks on the kernel; callable from request threads, also before start and after stop.
  void push(std::vector<std::byte> message);
  // Ends the thread; what is still queued is dropped. Callable twice.
  void stop();

 private:
  void run();

  const Send send_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::vector<std::byte>> queue_;  // mutex_
  bool stopping_ = false;                     // mutex_
  std::thread thread_;                        // start and stop, which are never concurrent
};

}  // namespace proxyfs::session
