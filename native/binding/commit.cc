#include "binding/commit.h"

#include "binding/strings.h"

namespace proxyfs::binding {

namespace {

// The order of the columns is described with NativeBatch in src/mount/native-addon.ts.
constexpr size_t kNumbers = 5;
constexpr size_t kColumns = 5;
constexpr uint32_t kLastAction = static_cast<uint32_t>(fs::SwapAction::deny);
constexpr uint32_t kOnlyIfIdle = 1;

fs::SwapChange to_change(Napi::Env env, const int64_t* numbers, const uint32_t* columns, const StringsView& strings) {
  if (columns[0] > kLastAction) throw Napi::RangeError::New(env, "a change has an unknown action");
  return fs::SwapChange{.asset = {static_cast<uint64_t>(numbers[0]), static_cast<uint64_t>(numbers[1])},
                        .action = static_cast<fs::SwapAction>(columns[0]),
                        .only_if_idle = (columns[1] & kOnlyIfIdle) != 0,
                        .guard_size = static_cast<uint64_t>(numbers[2]),
                        .guard_mtime_ns = numbers[3],
                        .mtime_ns = numbers[4],
                        .replacement = strings.at(columns[2]),
                        .reason = strings.at(columns[3]),
                        .profile = strings.at(columns[4])};
}

Napi::BigInt64Array to_pairs(Napi::Env env, const std::vector<fs::FileId>& ids) {
  auto pairs = Napi::BigInt64Array::New(env, ids.size() * 2);
  for (size_t index = 0; index < ids.size(); ++index) {
    pairs.Data()[index * 2] = static_cast<int64_t>(ids[index].dev);
    pairs.Data()[index * 2 + 1] = static_cast<int64_t>(ids[index].ino);
  }
  return pairs;
}

}  // namespace

std::vector<fs::SwapChange> to_changes(const Napi::Object& batch) {
  const Napi::Env env = batch.Env();
  const size_t count = batch.Get("count").As<Napi::Number>().Uint32Value();
  const auto numbers = batch.Get("numbers").As<Napi::BigInt64Array>();
  const auto columns = batch.Get("columns").As<Napi::Uint32Array>();
  const StringsView strings(batch.Get("strings").As<Napi::Object>());
  if (numbers.ElementLength() < count * kNumbers || columns.ElementLength() < count * kColumns) {
    throw Napi::RangeError::New(env, "the columns are shorter than the count of changes");
  }
  std::vector<fs::SwapChange> changes;
  changes.reserve(count);
  for (size_t row = 0; row < count; ++row) {
    changes.push_back(to_change(env, numbers.Data() + row * kNumbers, columns.Data() + row * kColumns, strings));
  }
  return changes;
}

Napi::Object to_object(Napi::Env env, const fs::CommitResult& result) {
  auto object = Napi::Object::New(env);
  object["epoch"] = Napi::Number::New(env, static_cast<double>(result.epoch));
  object["changed"] = Napi::Number::New(env, static_cast<double>(result.changed));
  object["busy"] = to_pairs(env, result.busy);
  object["known"] = to_strings(env, result.known);
  object["tableNs"] = Napi::Number::New(env, static_cast<double>(result.table_ns));
  object["kernelNs"] = Napi::Number::New(env, static_cast<double>(result.kernel_ns));
  return object;
}

}  // namespace proxyfs::binding
