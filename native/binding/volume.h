// One mounted volume as a JavaScript object, and its end in every order of events: unmounted by
// somebody, by us, or by the process going away.
#pragma once

#include <napi.h>

#include <memory>

#include "binding/event_queue.h"
#include "session/error.h"
#include "session/session.h"

namespace proxyfs::binding {

// JavaScript's thread only.
class Volume : public std::enable_shared_from_this<Volume> {
 public:
  // Throws session::SessionError.
  static std::shared_ptr<Volume> mount(Napi::Env env, session::SessionOptions options, const Napi::Function& listener);
  ~Volume() { end(); }

  // The NativeSession of src/mount/native-addon.ts.
  Napi::Object face(Napi::Env env);

 private:
  explicit Volume(Napi::Env env, const Napi::Function& listener);

  void end() noexcept;
  // The same from exit(): the session ends, and nothing of Node is touched.
  void end_at_exit() noexcept;
  static void end_all_at_exit();
  void end_session() noexcept;

  Napi::Value commit(const Napi::CallbackInfo& info);
  Napi::Value handles(const Napi::CallbackInfo& info);
  Napi::Value counters(const Napi::CallbackInfo& info);
  Napi::Value release_paths(const Napi::CallbackInfo& info);
  Napi::Value reopen_source(const Napi::CallbackInfo& info);
  Napi::Value unmount(const Napi::CallbackInfo& info);

  EventQueue events_;
  std::unique_ptr<session::Session> session_;  // after events_, into which it reports; null once ended
};

// A JavaScript Error with `code` (errno name) and `step`.
Napi::Error to_error(Napi::Env env, const session::SessionError& error);

}  // namespace proxyfs::binding
