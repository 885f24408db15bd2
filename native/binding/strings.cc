#include "binding/strings.h"

#include <algorithm>

namespace proxyfs::binding {

StringsView::StringsView(const Napi::Object& strings)
    : env_(strings.Env()),
      bytes_(strings.Get("bytes").As<Napi::Buffer<char>>()),
      ends_(strings.Get("ends").As<Napi::Uint32Array>()) {
  const uint32_t* ends = ends_.Data();
  const size_t count = ends_.ElementLength();
  if (!std::is_sorted(ends, ends + count) || (count > 0 && ends[count - 1] > bytes_.Length())) {
    throw Napi::TypeError::New(env_, "the ends of the strings do not fit their bytes");
  }
}

std::string StringsView::at(uint32_t index) const {
  if (index >= ends_.ElementLength()) throw Napi::RangeError::New(env_, "a column names a string that is not there");
  const uint32_t* ends = ends_.Data();
  const uint32_t begin = index == 0 ? 0 : ends[index - 1];
  return std::string(bytes_.Data() + begin, ends[index] - begin);
}

Napi::Object to_strings(Napi::Env env, const std::vector<std::string>& list) {
  size_t total = 0;
  for (const auto& text : list) total += text.size();
  auto bytes = Napi::Buffer<char>::New(env, total);
  auto ends = Napi::Uint32Array::New(env, list.size());
  size_t at = 0;
  for (size_t index = 0; index < list.size(); ++index) {
    std::copy(list[index].begin(), list[index].end(), bytes.Data() + at);
    at += list[index].size();
    ends.Data()[index] = static_cast<uint32_t>(at);
  }
  auto strings = Napi::Object::New(env);
  strings["bytes"] = bytes;
  strings["ends"] = ends;
  return strings;
}

std::string to_bytes(const Napi::Value& buffer) {
  if (!buffer.IsBuffer()) throw Napi::TypeError::New(buffer.Env(), "a path must be a Buffer");
  const auto bytes = buffer.As<Napi::Buffer<char>>();
  return std::string(bytes.Data(), bytes.Length());
}

}  // namespace proxyfs::binding
