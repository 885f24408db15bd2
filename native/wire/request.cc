#include "wire/request.h"

#include <cstring>

namespace proxyfs::wire {

std::optional<Request> Request::parse(std::span<const std::byte> bytes) {
  if (bytes.size() < sizeof(fuse_in_header)) return std::nullopt;
  // Structs are read in place; the device buffer is page-aligned, anything else is not ours.
  if (reinterpret_cast<uintptr_t>(bytes.data()) % alignof(fuse_in_header) != 0) return std::nullopt;
  const auto* header = reinterpret_cast<const fuse_in_header*>(bytes.data());
  if (header->len != bytes.size()) return std::nullopt;
  const auto body = bytes.subspan(sizeof(fuse_in_header));
  // Extensions (security context, groups) trail the body and must not be read as its payload.
  const size_t extensions = size_t{header->total_extlen} * 8;
  if (extensions > body.size()) return std::nullopt;
  Request request;
  request.header_ = header;
  request.body_ = body.first(body.size() - extensions);
  return request;
}

std::optional<std::string_view> Request::name(size_t skip, size_t index) const {
  std::span<const std::byte> rest = payload(skip);
  for (;; --index) {
    if (rest.empty()) return std::nullopt;
    const void* end = std::memchr(rest.data(), 0, rest.size());
    if (end == nullptr) return std::nullopt;
    const auto length = static_cast<size_t>(static_cast<const std::byte*>(end) - rest.data());
    if (index == 0) return std::string_view(reinterpret_cast<const char*>(rest.data()), length);
    rest = rest.subspan(length + 1);
  }
}

std::span<const std::byte> Request::payload(size_t skip) const {
  return skip <= body_.size() ? body_.subspan(skip) : std::span<const std::byte>{};
}

}  // namespace proxyfs::wire
