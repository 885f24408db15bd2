// One file descriptor of a FUSE connection: requests out, replies and notifications in.
// Safe from any thread; a request is answered on the device it was read from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "session/fd.h"
#include "wire/reply.h"

namespace proxyfs::session {

class Device final : public wire::ReplySink {
 public:
  explicit Device(UniqueFd fd) : fd_(std::move(fd)) {}

  // Throws SessionError("open-device").
  static UniqueFd open();

  // A second device of the same connection with a queue of its own; invalid fd on kernels that cannot.
  UniqueFd clone() const;

  // One whole request, or -errno (ENODEV: unmounted, EINTR: woken up).
  ssize_t read(std::span<std::byte> buffer) const;

  int send(uint64_t unique, int error, std::span<const std::span<const std::byte>> parts) override;

  std::optional<int> send_file(uint64_t unique, int fd, uint64_t offset, size_t size) override;

  // A finished notification message. Returns 0 or -errno.
  int notify(std::span<const std::byte> message) const;

  // Gives the connection up, whoever still uses this device: its file descriptor becomes one of nothing.
  void disconnect() const;

  int backing_open(int fd) const;
  void backing_close(int backing_id) const;

  int fd() const { return fd_.get(); }

 private:
  void settle_refusal(uint64_t unique, int failed, size_t length);

  UniqueFd fd_;
};

}  // namespace proxyfs::session
