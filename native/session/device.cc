#include "session/device.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include <array>
#include <cstdio>
#include <cstdlib>

#include "session/error.h"
#include "session/splice_pipe.h"

namespace proxyfs::session {

namespace {

constexpr size_t kMostParts = 7;

}  // namespace

UniqueFd Device::open() {
  UniqueFd fd(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
  const int error = errno;
  if (!fd) throw SessionError("open-device", error, "/dev/fuse cannot be opened");
  return fd;
}

UniqueFd Device::clone() const {
  UniqueFd fd(::open("/dev/fuse", O_RDWR | O_CLOEXEC));
  if (!fd) return fd;
  uint32_t source = static_cast<uint32_t>(fd_.get());
  if (::ioctl(fd.get(), FUSE_DEV_IOC_CLONE, &source) != 0) return UniqueFd();
  return fd;
}

ssize_t Device::read(std::span<std::byte> buffer) const {
  const ssize_t count = ::read(fd_.get(), buffer.data(), buffer.size());
  return count >= 0 ? count : -errno;
}

int Device::send(uint64_t unique, int error, std::span<const std::span<const std::byte>> parts) {
  if (parts.size() > kMostParts) std::abort();  // no operation has that many
  std::array<iovec, kMostParts + 1> vectors;
  fuse_out_header header{.len = sizeof header, .error = -error, .unique = unique};
  vectors[0] = {&header, sizeof header};
  int used = 1;
  for (const auto part : parts) {
    if (part.empty()) continue;
    vectors[used++] = {const_cast<std::byte*>(part.data()), part.size()};
    header.len += static_cast<uint32_t>(part.size());
  }
  if (::writev(fd_.get(), vectors.data(), used) >= 0) return 0;
  const int failed = errno;
  if (error != EIO || used > 1) settle_refusal(unique, failed, header.len);
  return -failed;
}

// ENOENT: the asking process was interrupted. ENODEV: unmounted meanwhile. Anything else means that the kernel
// refused the message, and the process behind this request would hang for ever: EIO for it.
void Device::settle_refusal(uint64_t unique, int failed, size_t length) {
  if (failed == ENOENT || failed == ENODEV) return;
  std::fprintf(stderr, "proxyfs: the kernel refused a reply of %zu bytes (errno %d)\n", length, failed);
  send(unique, EIO, {});
}

std::optional<int> Device::send_file(uint64_t unique, int fd, uint64_t offset, size_t size) {
  thread_local SplicePipe pipe;
  const auto length = pipe.fill(unique, fd, offset, size);
  if (!length) return std::nullopt;
  const int failed = -pipe.drain(fd_.get(), *length);
  if (failed != 0) settle_refusal(unique, failed, *length);
  return -failed;
}

int Device::notify(std::span<const std::byte> message) const {
  return ::write(fd_.get(), message.data(), message.size()) >= 0 ? 0 : -errno;
}

void Device::disconnect() const {
  const UniqueFd nothing(::open("/dev/null", O_RDWR | O_CLOEXEC));
  if (nothing) (void)::dup3(nothing.get(), fd_.get(), O_CLOEXEC);
}

int Device::backing_open(int fd) const {
  wire::BackingMap map{.fd = fd};
  const int id = ::ioctl(fd_.get(), wire::kIocBackingOpen, &map);
  return id >= 0 ? id : -errno;
}

void Device::backing_close(int backing_id) const {
  auto id = static_cast<uint32_t>(backing_id);
  // Only fails when the id is unknown or the connection is gone: nothing is left to release then.
  (void)::ioctl(fd_.get(), wire::kIocBackingClose, &id);
}

}  // namespace proxyfs::session
