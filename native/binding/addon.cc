// The exports of proxyfs.node; their types stand in src/mount/native-addon.ts.
#include <errno.h>
#include <malloc.h>
#include <napi.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "binding/lstat.h"
#include "binding/strings.h"
#include "binding/volume.h"
#include "session/error.h"
#include "session/signals.h"

namespace proxyfs::binding {

namespace {

session::SessionOptions to_options(const Napi::Object& options) {
  const auto flag = [&](const char* name) { return options.Get(name).ToBoolean().Value(); };
  session::SessionOptions result;
  result.source = to_bytes(options.Get("source"));
  result.mount.mount_point = to_bytes(options.Get("mountPoint"));
  result.mount.fs_name = options.Get("fsName").As<Napi::String>();
  result.mount.allow_other = flag("allowOther");
  result.mount.direct = flag("directMount");
  const auto hidden = options.Get("hiddenRootNames").As<Napi::Array>();
  for (uint32_t index = 0; index < hidden.Length(); ++index) {
    result.hidden_root_names.push_back(hidden.Get(index).As<Napi::String>());
  }
  result.demote_writes = flag("demoteWrites");
  result.cache_seconds = options.Get("cacheSeconds").As<Napi::Number>().DoubleValue();
  result.threads = options.Get("threads").As<Napi::Number>().Uint32Value();
  result.wanted.passthrough = flag("usePassthrough");
  result.wanted.inc_epoch = flag("useIncEpoch");
  result.wanted.coherent = flag("coherent");
  return result;
}

Napi::Value mount(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsObject() || !info[1].IsFunction()) throw Napi::TypeError::New(env, "mount(options, listener)");
  try {
    return Volume::mount(env, to_options(info[0].As<Napi::Object>()), info[1].As<Napi::Function>())->face(env);
  } catch (const session::SessionError& error) {
    throw to_error(env, error);
  }
}

Napi::Value probe(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  auto object = Napi::Object::New(env);
  object["capSysAdmin"] = Napi::Boolean::New(env, session::has_cap_sys_admin());
  object["deviceUsable"] = Napi::Boolean::New(env, true);
  object["deviceError"] = env.Undefined();
  try {
    session::Device::open();
  } catch (const session::SessionError& error) {
    object["deviceUsable"] = Napi::Boolean::New(env, false);
    object["deviceError"] = to_error(env, error).Get("code");
  }
  return object;
}

// A normal exit joins libuv's threads, which a source that hangs may hold for ever; the kernel ends them unasked.
void exit_within(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsNumber() || !info[1].IsNumber()) throw Napi::TypeError::New(env, "exitWithin(milliseconds, code)");
  const auto patience = std::chrono::milliseconds(info[0].As<Napi::Number>().Uint32Value());
  const int code = info[1].As<Napi::Number>().Int32Value();
  std::thread([patience, code] {
    session::prepare_thread("proxyfs/exit");
    std::this_thread::sleep_for(patience);
    _exit(code);
  }).detach();
}

// By itself glibc raises the size from which an allocation has pages of its own up to 32 MB, as soon as such a one was
// freed: the tables of a large project then lie between small things, and leave holes when they are replaced.
void keep_large_things_apart() {
#ifdef __GLIBC__
  constexpr int kLarge = 256 << 10;
  constexpr int kKeptAtTheTop = 1 << 20;
  mallopt(M_MMAP_THRESHOLD, kLarge);
  mallopt(M_TRIM_THRESHOLD, kKeptAtTheTop);
#endif
}

// A large commit holds the former and the next replacements at a time. glibc keeps what was freed for itself, and the
// daemon would go on weighing what its largest flip weighed. Not at the end of each commit: the next would begin by
// asking for every page again.
void return_free_memory(const Napi::CallbackInfo&) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

Napi::Object initialize(Napi::Env env, Napi::Object exports) {
  exports["mount"] = Napi::Function::New(env, mount, "mount");
  exports["probe"] = Napi::Function::New(env, probe, "probe");
  exports["lstatAll"] = Napi::Function::New(env, lstat_all, "lstatAll");
  exports["exitWithin"] = Napi::Function::New(env, exit_within, "exitWithin");
  exports["returnFreeMemory"] = Napi::Function::New(env, return_free_memory, "returnFreeMemory");
  keep_large_things_apart();
  return exports;
}

}  // namespace

}  // namespace proxyfs::binding

using proxyfs::binding::initialize;
NODE_API_MODULE(proxyfs, initialize)
