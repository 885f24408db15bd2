// From request threads to one JavaScript listener, in order, without ever blocking a request.
//
// Bounded: when JavaScript is too slow, the newest events are dropped, counted, and reported as one
// `lost`. The queue does not keep Node's event loop alive.
#pragma once

#include <napi.h>

#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "fs/types.h"

namespace proxyfs::binding {

class EventQueue final : public fs::EventSink {
 public:
  // `before_closed` runs on JavaScript's thread, before the listener hears of the end.
  EventQueue(Napi::Env env, const Napi::Function& listener, std::function<void()> before_closed);
  ~EventQueue() override { close(); }

  // Any thread.
  void emit(fs::Event event) override;
  void emit_closed();
  uint64_t lost() const;

  // Any thread: nothing is taken any more. Uses nothing of Node, which may already be half gone.
  void silence();

  // JavaScript's thread: nothing is delivered afterwards.
  void close();

 private:
  struct Batch {
    std::deque<fs::Event> events;
    uint64_t lost = 0;
    bool closed = false;
  };

  void schedule();  // mutex_ held
  void deliver(Napi::Env env, const Napi::Function& listener);

  const std::function<void()> before_closed_;
  mutable std::mutex mutex_;
  Batch pending_;                  // mutex_
  uint64_t total_lost_ = 0;        // mutex_
  bool scheduled_ = false;         // mutex_
  bool open_ = true;               // mutex_
  bool aborted_ = false;           // JavaScript's thread
  Napi::ThreadSafeFunction call_;  // mutex_
};

}  // namespace proxyfs::binding
