#include "binding/event_queue.h"

#include <utility>

namespace proxyfs::binding {

namespace {

constexpr size_t kCapacity = 8192;

const char* name_of(fs::EventKind kind) {
  switch (kind) {
    case fs::EventKind::opened: return "opened";
    case fs::EventKind::idle: return "idle";
    case fs::EventKind::stale: return "stale";
    case fs::EventKind::write_refused: return "write-refused";
    case fs::EventKind::demoted: return "demoted";
    case fs::EventKind::changed: return "changed";
  }
  return "changed";
}

// Nobody depends on hearing of every one; what else is lost has to be looked for.
bool may_be_missed(fs::EventKind kind) { return kind == fs::EventKind::opened || kind == fs::EventKind::idle; }

Napi::Object to_object(Napi::Env env, const fs::Event& event) {
  auto object = Napi::Object::New(env);
  object["kind"] = name_of(event.kind);
  object["path"] = Napi::Buffer<char>::Copy(env, event.path.data(), event.path.size());
  if (event.kind == fs::EventKind::changed) return object;
  object["dev"] = Napi::BigInt::New(env, event.asset.dev);
  object["ino"] = Napi::BigInt::New(env, event.asset.ino);
  object["pid"] = Napi::Number::New(env, event.pid);
  object["replaced"] = Napi::Boolean::New(env, event.replaced);
  return object;
}

Napi::Object lost_object(Napi::Env env, uint64_t count) {
  auto object = Napi::Object::New(env);
  object["kind"] = "lost";
  object["count"] = Napi::Number::New(env, static_cast<double>(count));
  return object;
}

Napi::Object closed_object(Napi::Env env) {
  auto object = Napi::Object::New(env);
  object["kind"] = "closed";
  return object;
}

}  // namespace

EventQueue::EventQueue(Napi::Env env, const Napi::Function& listener, std::function<void()> before_closed)
    : before_closed_(std::move(before_closed)),
      call_(Napi::ThreadSafeFunction::New(env, listener, "proxyfs events", 0, 1)) {
  call_.Unref(env);
}

void EventQueue::emit(fs::Event event) {
  const std::lock_guard lock(mutex_);
  if (!open_) return;
  if (pending_.events.size() < kCapacity) {
    pending_.events.push_back(std::move(event));
  } else if (!may_be_missed(event.kind)) {
    ++pending_.lost;
    ++total_lost_;
  }
  schedule();
}

void EventQueue::emit_closed() {
  const std::lock_guard lock(mutex_);
  if (!open_) return;
  pending_.closed = true;
  schedule();
}

uint64_t EventQueue::lost() const {
  const std::lock_guard lock(mutex_);
  return total_lost_;
}

void EventQueue::silence() {
  const std::lock_guard lock(mutex_);
  open_ = false;
  pending_ = {};
}

void EventQueue::close() {
  silence();
  if (std::exchange(aborted_, true)) return;
  call_.Abort();  // what is already scheduled is never called
}

void EventQueue::schedule() {
  if (std::exchange(scheduled_, true)) return;
  call_.NonBlockingCall([this](Napi::Env env, Napi::Function listener) { deliver(env, listener); });
}

void EventQueue::deliver(Napi::Env env, const Napi::Function& listener) {
  Batch batch;
  {
    const std::lock_guard lock(mutex_);
    batch = std::exchange(pending_, {});
    scheduled_ = false;
  }
  for (const auto& event : batch.events) {
    const Napi::HandleScope scope(env);
    listener.Call({to_object(env, event)});
  }
  if (batch.lost > 0) listener.Call({lost_object(env, batch.lost)});
  if (!batch.closed) return;
  before_closed_();
  listener.Call({closed_object(env)});
}

}  // namespace proxyfs::binding
