#include "fs/replacement.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>

#include "fs/fd.h"
#include "fs/file_id.h"

namespace proxyfs::fs {

void Replacement::learn() {
  State was = State::unknown;
  if (!state_.compare_exchange_strong(was, State::learning, std::memory_order_acquire)) {
    state_.wait(State::learning, std::memory_order_acquire);
    return;
  }
  FileStat stat{};
  const bool is_file = stat_at(AT_FDCWD, path_.c_str(), stat) == 0 && S_ISREG(stat.stx_mode);
  if (is_file) facts_ = {file_id(stat), stat.stx_size, stat.stx_blocks, stat.stx_blksize};
  state_.store(is_file ? State::known : State::broken, std::memory_order_release);
  state_.notify_all();
}

bool Replacement::is_unchanged() const {
  FileStat stat{};
  return usable() && stat_at(AT_FDCWD, path_.c_str(), stat) == 0 && file_id(stat) == facts_.file &&
         stat.stx_size == facts_.size;
}

int Replacement::open_checked() {
  Fd fd(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY | O_NONBLOCK));
  if (!fd) {
    const int error = errno;
    if (error == EMFILE || error == ENFILE || error == ENOMEM || error == EINTR) return -error;
  }
  FileStat stat{};
  if (fd && stat_fd(fd.get(), stat) == 0 && file_id(stat) == facts_.file && stat.stx_size == facts_.size) {
    return fd.release();
  }
  state_.store(State::broken, std::memory_order_release);
  return -1;
}

}  // namespace proxyfs::fs
