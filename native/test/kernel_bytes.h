// Requests as literal bytes, the way the kernel sends them on a little-endian machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "wire/reply.h"

namespace proxyfs::test {

// Keeps the bytes aligned like the device buffer.
class KernelBytes {
 public:
  KernelBytes(std::initializer_list<int> bytes) {
    for (const int byte : bytes) text_.push_back(static_cast<char>(byte));
  }
  KernelBytes& text(const char* string) {
    text_ += string;
    text_.push_back('\0');
    return *this;
  }
  KernelBytes& zeros(size_t count) {
    text_.append(count, '\0');
    return *this;
  }
  // Aligned copy; valid as long as this object.
  std::span<const std::byte> bytes() {
    storage_.assign(text_.size() / 8 + 1, 0);
    auto* start = reinterpret_cast<std::byte*>(storage_.data());
    for (size_t index = 0; index < text_.size(); ++index) start[index] = static_cast<std::byte>(text_[index]);
    return {start, text_.size()};
  }

 private:
  std::string text_;
  std::vector<uint64_t> storage_;
};

// Remembers what was sent.
class RecordingSink final : public wire::ReplySink {
 public:
  int send(uint64_t unique, int error, std::span<const std::span<const std::byte>> parts) override {
    ++count;
    last_unique = unique;
    last_error = error;
    body.clear();
    for (const auto part : parts) body.insert(body.end(), part.begin(), part.end());
    return result;
  }

  int count = 0;
  uint64_t last_unique = 0;
  int last_error = 0;
  std::vector<std::byte> body;
  int result = 0;
};

}  // namespace proxyfs::test
