// NativeBatch -> fs::SwapChange, and fs::CommitResult -> NativeCommitResult.
#pragma once

#include <napi.h>

#include <vector>

#include "fs/types.h"

namespace proxyfs::binding {

std::vector<fs::SwapChange> to_changes(const Napi::Object& batch);
Napi::Object to_object(Napi::Env env, const fs::CommitResult& result);

}  // namespace proxyfs::binding
