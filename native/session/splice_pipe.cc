#include "session/splice_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <sys/stat.h>

#include <algorithm>

#include "session/negotiate.h"

namespace proxyfs::session {

namespace {

constexpr size_t kPage = 4096;
// One buffer of the pipe holds the header, and data that begins within a page takes one more than its size.
constexpr size_t kSpare = 2 * kPage;

}  // namespace

std::optional<size_t> SplicePipe::fill(uint64_t unique, int fd, uint64_t offset, size_t size) {
  if (refused_ || (!reading_ && !open()) || size > room_) return std::nullopt;
  struct stat stat {};
  if (::fstat(fd, &stat) != 0 || static_cast<uint64_t>(stat.st_size) <= offset) return std::nullopt;
  // The header goes first and says how much follows.
  const size_t there = std::min<uint64_t>(size, static_cast<uint64_t>(stat.st_size) - offset);
  if (put_header(unique, there) && put_file(fd, offset, there)) return sizeof(fuse_out_header) + there;
  close();
  return std::nullopt;
}

int SplicePipe::drain(int device, size_t length) {
  const ssize_t moved = ::splice(reading_.get(), nullptr, device, nullptr, length, 0);
  if (moved == static_cast<ssize_t>(length)) return 0;
  const int error = moved < 0 ? errno : EIO;
  close();
  return -error;
}

bool SplicePipe::open() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return false;
  reading_.reset(ends[0]);
  writing_.reset(ends[1]);
  const int size = ::fcntl(writing_.get(), F_SETPIPE_SZ, static_cast<int>(kMaxRead + kSpare));
  refused_ = size < static_cast<int>(kMaxRead + kSpare);
  if (refused_) close();
  room_ = kMaxRead;
  return !refused_;
}

void SplicePipe::close() {
  reading_.reset();
  writing_.reset();
}

bool SplicePipe::put_header(uint64_t unique, size_t size) {
  const fuse_out_header header{.len = static_cast<uint32_t>(sizeof header + size), .error = 0, .unique = unique};
  return ::write(writing_.get(), &header, sizeof header) == static_cast<ssize_t>(sizeof header);
}

// False also when the file became shorter meanwhile: what is in the pipe then promises too much.
bool SplicePipe::put_file(int fd, uint64_t offset, size_t size) {
  auto at = static_cast<loff_t>(offset);
  while (size > 0) {
    const ssize_t moved = ::splice(fd, &at, writing_.get(), nullptr, size, 0);
    if (moved < 0 && errno == EINTR) continue;
    if (moved <= 0) return false;
    size -= static_cast<size_t>(moved);
  }
  return true;
}

}  // namespace proxyfs::session
