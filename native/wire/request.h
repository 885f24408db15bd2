// One request as read from /dev/fuse: header and body, checked against the buffer's bounds.
// Views into the caller's buffer; no allocation, no system calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "wire/protocol.h"

namespace proxyfs::wire {

class Request {
 public:
  // nullopt when the bytes are not one whole request (short, or header.len lies).
  static std::optional<Request> parse(std::span<const std::byte> bytes);

  const fuse_in_header& header() const { return *header_; }
  uint32_t opcode() const { return header_->opcode; }
  uint64_t nodeid() const { return header_->nodeid; }
  std::span<const std::byte> body() const { return body_; }

  // The fixed struct that begins the body, or nullptr when the body is too short for it.
  template <typename T>
  const T* arg() const {
    return body_.size() >= sizeof(T) ? reinterpret_cast<const T*>(body_.data()) : nullptr;
  }

  // The n-th NUL-terminated string after `skip` bytes of fixed struct; nullopt when it is not there.
  std::optional<std::string_view> name(size_t skip, size_t index = 0) const;

  // What follows `skip` bytes of fixed struct (write data, xattr value).
  std::span<const std::byte> payload(size_t skip) const;

 private:
  const fuse_in_header* header_ = nullptr;
  std::span<const std::byte> body_;
};

}  // namespace proxyfs::wire
