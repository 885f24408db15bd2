// Hashing of file identities, and what statx says of a file in the form the tables use.
#pragma once

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cstddef>
#include <cstdint>

#include "fs/types.h"

namespace proxyfs::fs {

struct FileIdHash {
  size_t operator()(const FileId& id) const noexcept {
    // Inode numbers are dense, so the low bits are spread by a multiplicative mix.
    uint64_t mixed = (id.ino ^ (id.dev << 48) ^ (id.dev >> 16)) * 0x9E3779B97F4A7C15ULL;
    return static_cast<size_t>(mixed ^ (mixed >> 32));
  }
};

// What the file system under the source says of one file. Taken by statx for its birth time: with it a
// reused inode number is told from the file that had it before.
using FileStat = struct statx;

inline constexpr unsigned kStatMask = STATX_BASIC_STATS | STATX_BTIME;

inline FileId file_id(const FileStat& stat) {
  return {makedev(stat.stx_dev_major, stat.stx_dev_minor), stat.stx_ino};
}

// For comparing. Wraps around for times beyond 2262, the same way each time.
inline int64_t nanoseconds(const statx_timestamp& time) {
  return static_cast<int64_t>(static_cast<uint64_t>(time.tv_sec) * 1'000'000'000U + time.tv_nsec);
}

// 0 when the file system keeps no birth time.
inline int64_t birth_ns(const FileStat& stat) {
  return (stat.stx_mask & STATX_BTIME) != 0 ? nanoseconds(stat.stx_btime) : 0;
}

// 0 or -errno. Never follows a symbolic link.
int stat_at(int directory, const char* name, FileStat& out);
int stat_fd(int fd, FileStat& out);

}  // namespace proxyfs::fs
