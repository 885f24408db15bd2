#include "session/notifier.h"

#include "session/signals.h"

namespace proxyfs::session {

void Notifier::start() {
  thread_ = std::thread([this] { run(); });
}

void Notifier::push(std::vector<std::byte> message) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    queue_.push_back(std::move(message));
  }
  changed_.notify_one();
}

void Notifier::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    queue_.clear();
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void Notifier::run() {
  prepare_thread("proxyfs/notify");
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (stopping_) return;
    const auto message = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    send_(message);
    lock.lock();
  }
}

}  // namespace proxyfs::session
