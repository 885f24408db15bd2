#include "fs/file_id.h"

#include <fcntl.h>

#include <cerrno>

namespace proxyfs::fs {

int stat_at(int directory, const char* name, FileStat& out) {
  return statx(directory, name, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, kStatMask, &out) == 0 ? 0 : -errno;
}

int stat_fd(int fd, FileStat& out) { return statx(fd, "", AT_EMPTY_PATH, kStatMask, &out) == 0 ? 0 : -errno; }

}  // namespace proxyfs::fs
