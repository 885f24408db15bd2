// The answer to one request. Exactly one of the send functions is called, once;
// a second call, or none before destruction, is a broken invariant and aborts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "wire/protocol.h"

namespace proxyfs::wire {

// Where reply bytes go: the device in production, a buffer in tests.
class ReplySink {
 public:
  virtual ~ReplySink() = default;
  // Sends header and parts as one message. Returns 0 or -errno (ENOENT: the request was interrupted).
  virtual int send(uint64_t unique, int error, std::span<const std::span<const std::byte>> parts) = 0;
  // Sends up to `size` bytes of a file, as many as there are, without bringing them into this process.
  // Nothing when it cannot: then nothing was sent.
  virtual std::optional<int> send_file(uint64_t, int /*fd*/, uint64_t /*offset*/, size_t /*size*/) {
    return std::nullopt;
  }
};

class Reply {
 public:
  Reply(ReplySink& sink, uint64_t unique) : sink_(sink), unique_(unique) {}
  Reply(const Reply&) = delete;
  Reply& operator=(const Reply&) = delete;
  ~Reply();

  // `error` is a positive errno; 0 sends an empty success. All return what the sink returned, so that
  // an operation whose reply did not arrive (interrupted) can undo its lookup count or handle.
  int error(int error);
  int ok() { return error(0); }
  int data(std::span<const std::byte> bytes);
  template <typename T>
  int value(const T& fixed) {
    return data(std::as_bytes(std::span(&fixed, 1)));
  }
  // Two fixed structs after each other (CREATE: entry and open).
  template <typename A, typename B>
  int values(const A& a, const B& b) {
    return data2(std::as_bytes(std::span(&a, 1)), std::as_bytes(std::span(&b, 1)));
  }
  // A fixed struct and bytes after it (IOCTL).
  template <typename T>
  int head_and_data(const T& fixed, std::span<const std::byte> bytes) {
    return data2(std::as_bytes(std::span(&fixed, 1)), bytes);
  }
  // Bytes of a file, up to `size`; false when they could not be sent so, and an answer is still owed.
  bool file(int fd, uint64_t offset, size_t size);
  // For FORGET and INTERRUPT: nothing is sent.
  void none();
  bool sent() const { return sent_; }

 private:
  int data2(std::span<const std::byte> a, std::span<const std::byte> b);
  int send(int error, std::span<const std::span<const std::byte>> parts);

  ReplySink& sink_;
  uint64_t unique_;
  bool sent_ = false;
};

}  // namespace proxyfs::wire
