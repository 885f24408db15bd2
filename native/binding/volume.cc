#include "binding/volume.h"

#include <errno.h>

#include <cstdlib>
#include <mutex>
#include <vector>

#include "binding/commit.h"

namespace proxyfs::binding {

namespace {

using session::SessionError;

// The living volumes of all JavaScript threads.
std::mutex living_mutex;
std::vector<std::shared_ptr<Volume>> living;  // living_mutex

Napi::Object info_object(Napi::Env env, const session::SessionInfo& info) {
  auto notes = Napi::Array::New(env, info.notes.size());
  for (uint32_t index = 0; index < info.notes.size(); ++index) notes[index] = info.notes[index];
  auto object = Napi::Object::New(env);
  object["protocolMajor"] = Napi::Number::New(env, wire::kMajor);
  object["protocolMinor"] = Napi::Number::New(env, info.capabilities.protocol_minor);
  object["passthrough"] = Napi::Boolean::New(env, info.capabilities.passthrough);
  object["incEpoch"] = Napi::Boolean::New(env, info.capabilities.inc_epoch);
  object["via"] = info.via == session::Via::mount2 ? "mount(2)" : "fusermount3";
  object["notes"] = notes;
  return object;
}

Napi::Object handle_object(Napi::Env env, const fs::HandleInfo& handle) {
  auto object = Napi::Object::New(env);
  object["path"] = Napi::Buffer<char>::Copy(env, handle.path.data(), handle.path.size());
  object["dev"] = Napi::BigInt::New(env, handle.asset.dev);
  object["ino"] = Napi::BigInt::New(env, handle.asset.ino);
  object["replaced"] = Napi::Boolean::New(env, handle.replaced);
  object["outdated"] = Napi::Boolean::New(env, handle.outdated);
  object["writable"] = Napi::Boolean::New(env, handle.writable);
  object["pid"] = Napi::Number::New(env, handle.pid);
  object["uid"] = Napi::Number::New(env, handle.uid);
  object["sinceMs"] = Napi::Number::New(env, static_cast<double>(handle.since_ms));
  return object;
}

}  // namespace

std::shared_ptr<Volume> Volume::mount(Napi::Env env, session::SessionOptions options, const Napi::Function& listener) {
  const std::shared_ptr<Volume> volume(new Volume(env, listener));
  EventQueue& events = volume->events_;
  auto on_closed = [&events] { events.emit_closed(); };
  volume->session_ = std::make_unique<session::Session>(std::move(options), events, on_closed);
  // No normal exit may leave a dead mount point behind. Node runs its cleanup hooks when the event loop
  // ends by itself, but not for process.exit, which calls exit(): both ways are covered. `living` also keeps
  // the volume: a mount must not vanish because JavaScript dropped its last reference to it.
  static std::once_flag once;
  std::call_once(once, [] { std::atexit(end_all_at_exit); });
  {
    const std::lock_guard lock(living_mutex);
    living.push_back(volume);
  }
  env.AddCleanupHook([volume] { volume->end(); });
  return volume;
}

Volume::Volume(Napi::Env env, const Napi::Function& listener) : events_(env, listener, [this] { end(); }) {}

void Volume::end() noexcept {
  end_session();
  events_.close();
  const std::lock_guard lock(living_mutex);
  std::erase_if(living, [this](const auto& volume) { return volume.get() == this; });
}

void Volume::end_at_exit() noexcept {
  events_.silence();
  end_session();
}

void Volume::end_session() noexcept {
  if (session_ && !session_->stop()) {
    // Threads that wait for the source go on using the session and what it reports into: both end with the process.
    static auto& kept = *new std::vector<std::shared_ptr<Volume>>();
    kept.push_back(weak_from_this().lock());
    (void)session_.release();
  }
  session_.reset();
}

void Volume::end_all_at_exit() {
  std::vector<std::shared_ptr<Volume>> volumes;
  {
    const std::lock_guard lock(living_mutex);
    volumes.swap(living);
  }
  for (const auto& volume : volumes) volume->end_at_exit();
  // Their queues hold handles into Node, which has shut down: they end with the process instead.
  static const auto* const kept = new std::vector<std::shared_ptr<Volume>>(std::move(volumes));
  (void)kept;
}

Napi::Object Volume::face(Napi::Env env) {
  auto object = Napi::Object::New(env);
  object["info"] = info_object(env, session_->info());
  const auto method = [&](const char* name, Napi::Value (Volume::*body)(const Napi::CallbackInfo&)) {
    object[name] = Napi::Function::New(
        env, [self = shared_from_this(), body](const Napi::CallbackInfo& info) { return (self.get()->*body)(info); },
        name);
  };
  method("commit", &Volume::commit);
  method("handles", &Volume::handles);
  method("counters", &Volume::counters);
  method("releasePaths", &Volume::release_paths);
  method("reopenSource", &Volume::reopen_source);
  method("unmount", &Volume::unmount);
  return object;
}

Napi::Value Volume::commit(const Napi::CallbackInfo& info) {
  if (!session_) throw to_error(info.Env(), SessionError("commit", ENOTCONN, "the volume is unmounted"));
  const auto batch = info[0].As<Napi::Object>();
  return to_object(info.Env(), session_->files().commit(to_changes(batch)));
}

Napi::Value Volume::handles(const Napi::CallbackInfo& info) {
  const auto list = session_ ? session_->files().handles(info[0].ToBoolean()) : std::vector<fs::HandleInfo>();
  auto array = Napi::Array::New(info.Env(), list.size());
  for (uint32_t index = 0; index < list.size(); ++index) {
    const Napi::HandleScope scope(info.Env());
    array[index] = handle_object(info.Env(), list[index]);
  }
  return array;
}

Napi::Value Volume::release_paths(const Napi::CallbackInfo& info) {
  if (session_) session_->files().release_paths();
  return info.Env().Undefined();
}

Napi::Value Volume::reopen_source(const Napi::CallbackInfo& info) {
  try {
    if (session_) session_->reopen_source();
  } catch (const SessionError& error) {
    throw to_error(info.Env(), error);
  }
  return info.Env().Undefined();
}

Napi::Value Volume::counters(const Napi::CallbackInfo& info) {
  const fs::Counters counters = session_ ? session_->files().counters() : fs::Counters();
  auto object = Napi::Object::New(info.Env());
  const auto set = [&](const char* name, uint64_t value) {
    object[name] = Napi::Number::New(info.Env(), static_cast<double>(value));
  };
  set("lookups", counters.lookups);
  set("forgets", counters.forgets);
  set("opens", counters.opens);
  set("reads", counters.reads);
  set("writes", counters.writes);
  set("nodes", counters.nodes);
  set("openHandles", counters.open_handles);
  set("swaps", counters.swaps);
  set("eventsLost", events_.lost());
  return object;
}

Napi::Value Volume::unmount(const Napi::CallbackInfo& info) {
  try {
    if (session_) session_->unmount(info[0].ToBoolean());
  } catch (const SessionError& error) {
    throw to_error(info.Env(), error);
  }
  return info.Env().Undefined();
}

Napi::Error to_error(Napi::Env env, const SessionError& error) {
  auto object = Napi::Error::New(env, error.what());
  const char* name = strerrorname_np(error.error());
  object.Set("code", Napi::String::New(env, name != nullptr ? name : "EIO"));
  object.Set("step", Napi::String::New(env, error.step()));
  return object;
}

}  // namespace proxyfs::binding
