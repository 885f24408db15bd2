// lstat of many paths in one turn of a thread of libuv: a turn for each costs more than the look itself.
#pragma once

#include <napi.h>

namespace proxyfs::binding {

// lstatAll(paths: Buffer): Promise<BigInt64Array>; see src/mount/native-addon.ts.
Napi::Value lstat_all(const Napi::CallbackInfo& info);

}  // namespace proxyfs::binding
