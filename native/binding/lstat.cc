#include "binding/lstat.h"

#include <sys/stat.h>

#include <cstring>
#include <string>
#include <vector>

#include "binding/strings.h"

namespace proxyfs::binding {

namespace {

constexpr int64_t kNanoseconds = 1'000'000'000;

int64_t nanoseconds(const timespec& time) { return time.tv_sec * kNanoseconds + time.tv_nsec; }

class LstatAll : public Napi::AsyncWorker {
 public:
  // Each path ends with a zero byte.
  LstatAll(Napi::Env env, std::string paths)
      : Napi::AsyncWorker(env, "proxyfs lstat"), paths_(std::move(paths)), deferred_(env) {}

  Napi::Promise promise() const { return deferred_.Promise(); }

 protected:
  void Execute() override {
    for (size_t at = 0; at < paths_.size(); at += std::strlen(&paths_[at]) + 1) look(&paths_[at]);
  }

  void OnOK() override {
    auto result = Napi::BigInt64Array::New(Env(), numbers_.size());
    if (!numbers_.empty()) std::memcpy(result.Data(), numbers_.data(), numbers_.size() * sizeof(int64_t));
    deferred_.Resolve(result);
  }

  void OnError(const Napi::Error& error) override { deferred_.Reject(error.Value()); }

 private:
  void look(const char* path) {
    struct stat found {};
    if (lstat(path, &found) != 0) found = {};
    const int64_t row[] = {
        static_cast<int64_t>(found.st_mode),  static_cast<int64_t>(found.st_dev), static_cast<int64_t>(found.st_ino),
        static_cast<int64_t>(found.st_size),  nanoseconds(found.st_mtim),         nanoseconds(found.st_ctim),
    };
    numbers_.insert(numbers_.end(), std::begin(row), std::end(row));
  }

  const std::string paths_;
  std::vector<int64_t> numbers_;
  Napi::Promise::Deferred deferred_;
};

}  // namespace

Napi::Value lstat_all(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  if (!info[0].IsBuffer()) throw Napi::TypeError::New(env, "lstatAll(paths)");
  auto paths = to_bytes(info[0]);
  if (!paths.empty() && paths.back() != 0) throw Napi::TypeError::New(env, "lstatAll: the last path has no end");
  auto* worker = new LstatAll(env, std::move(paths));  // Deletes itself.
  const auto promise = worker->promise();
  worker->Queue();
  return promise;
}

}  // namespace proxyfs::binding
