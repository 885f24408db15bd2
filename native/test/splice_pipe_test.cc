#include "session/splice_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fuse.h>
#include <sys/mman.h>

#include <cstring>
#include <string>

#include "session/negotiate.h"
#include "test/harness.h"

namespace {

using proxyfs::session::SplicePipe;
using proxyfs::session::UniqueFd;

std::string pattern(size_t size) {
  std::string bytes(size, 0);
  for (size_t at = 0; at < size; ++at) bytes[at] = static_cast<char>(at * 7 + at / 4096);
  return bytes;
}

UniqueFd file_of(const std::string& bytes) {
  UniqueFd fd(::memfd_create("proxyfs-test", MFD_CLOEXEC));
  CHECK_EQUAL(::write(fd.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  return fd;
}

// What arrives at a "device": a file takes the bytes of a pipe as /dev/fuse does.
std::string drained(SplicePipe& pipe, size_t length) {
  const UniqueFd device = file_of("");
  CHECK_EQUAL(pipe.drain(device.get(), length), 0);
  std::string got(length + 1, 0);
  got.resize(static_cast<size_t>(::pread(device.get(), got.data(), got.size(), 0)));
  return got;
}

void check_reply(SplicePipe& pipe, int fd, uint64_t offset, size_t size, const std::string& expected) {
  const auto length = pipe.fill(0x1122, fd, offset, size);
  CHECK(length.has_value());
  const std::string got = drained(pipe, length.value_or(0));
  fuse_out_header header{};
  std::memcpy(&header, got.data(), sizeof header);
  CHECK_EQUAL(header.len, sizeof header + expected.size());
  CHECK_EQUAL(header.error, 0);
  CHECK_EQUAL(header.unique, 0x1122U);
  CHECK(got.substr(sizeof header) == expected);
}

TEST("a reply out of a file has its length and its bytes, wherever in a page they begin and however many there are") {
  const std::string bytes = pattern(proxyfs::session::kMaxRead + 5000);
  const UniqueFd file = file_of(bytes);
  SplicePipe pipe;
  for (const uint64_t offset : {0, 1, 4095, 4096, 4999}) {
    check_reply(pipe, file.get(), offset, proxyfs::session::kMaxRead, bytes.substr(offset, proxyfs::session::kMaxRead));
  }
  check_reply(pipe, file.get(), bytes.size() - 3, proxyfs::session::kMaxRead, bytes.substr(bytes.size() - 3));
}

TEST("what cannot be sent so leaves nothing behind in the pipe") {
  const std::string bytes = pattern(70'000);
  const UniqueFd file = file_of(bytes);
  const UniqueFd folder(::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  const UniqueFd write_only(::open("/proc/self/fd/0", O_PATH | O_CLOEXEC));
  SplicePipe pipe;
  CHECK(!pipe.fill(1, folder.get(), 0, 65'536));
  CHECK(!pipe.fill(2, write_only.get(), 0, 65'536));
  CHECK(!pipe.fill(3, file.get(), bytes.size(), 65'536));
  CHECK(!pipe.fill(4, file.get(), 0, size_t{proxyfs::session::kMaxRead} + 1));
  check_reply(pipe, file.get(), 0, 65'536, bytes.substr(0, 65'536));
}

TEST("a device that refuses says why, and the pipe is empty for the next reply") {
  const std::string bytes = pattern(70'000);
  const UniqueFd file = file_of(bytes);
  const UniqueFd closed;
  SplicePipe pipe;
  const auto length = pipe.fill(1, file.get(), 0, 65'536);
  CHECK_EQUAL(pipe.drain(closed.get(), length.value_or(0)), -EBADF);
  check_reply(pipe, file.get(), 4096, 65'536, bytes.substr(4096, 65'536));
}

}  // namespace
