// Many byte strings as one buffer and the offsets where each ends: two values cross the boundary, not 100,000.
#pragma once

#include <napi.h>

#include <string>
#include <vector>

namespace proxyfs::binding {

class StringsView {
 public:
  // Throws Napi::TypeError when the ends do not fit the bytes.
  explicit StringsView(const Napi::Object& strings);
  // Throws Napi::RangeError when there is no such string.
  std::string at(uint32_t index) const;

 private:
  Napi::Env env_;
  Napi::Buffer<char> bytes_;
  Napi::Uint32Array ends_;
};

Napi::Object to_strings(Napi::Env env, const std::vector<std::string>& list);

std::string to_bytes(const Napi::Value& buffer);

}  // namespace proxyfs::binding
