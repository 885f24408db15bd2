// The kernel's FUSE protocol: the system header, and what newer kernels added to it.
//
// Debian 12 ships the header of protocol 7.38; everything younger is declared here, in this
// namespace where a newer system header would declare the same struct, else behind #ifndef.
// Numbers and layouts are the kernel's ABI (include/uapi/linux/fuse.h) and never change.
#pragma once

#include <linux/fuse.h>
#include <linux/ioctl.h>

#include <cstddef>
#include <cstdint>

// INIT flags. Bits from 32 up travel in flags2 and only count when FUSE_INIT_EXT is set.
#ifndef FUSE_CREATE_SUPP_GROUP
#define FUSE_CREATE_SUPP_GROUP (1ULL << 34)
#endif
#ifndef FUSE_DIRECT_IO_ALLOW_MMAP
#define FUSE_DIRECT_IO_ALLOW_MMAP (1ULL << 36)
#endif
#ifndef FUSE_PASSTHROUGH
#define FUSE_PASSTHROUGH (1ULL << 37)
#endif
#ifndef FUSE_NO_EXPORT_SUPPORT
#define FUSE_NO_EXPORT_SUPPORT (1ULL << 38)
#endif
#ifndef FUSE_HAS_RESEND
#define FUSE_HAS_RESEND (1ULL << 39)
#endif
#ifndef FUSE_ALLOW_IDMAP
#define FUSE_ALLOW_IDMAP (1ULL << 40)
#endif
#ifndef FUSE_OVER_IO_URING
#define FUSE_OVER_IO_URING (1ULL << 41)
#endif
#ifndef FUSE_REQUEST_TIMEOUT
#define FUSE_REQUEST_TIMEOUT (1ULL << 42)
#endif

// Reply flags of OPEN and CREATE.
#ifndef FOPEN_DIRECT_IO
#define FOPEN_DIRECT_IO (1 << 0)
#endif
#ifndef FOPEN_PASSTHROUGH
#define FOPEN_PASSTHROUGH (1 << 7)
#endif

namespace proxyfs::wire {

// The newest protocol whose semantics this code knows; the kernel settles on the smaller minor.
inline constexpr uint32_t kMajor = 7;
inline constexpr uint32_t kNewestMinor = 45;
// 4.20: max_pages, NO_OPENDIR and 7.23+ sizes of every struct used here.
inline constexpr uint32_t kOldestMinor = 28;

inline constexpr uint64_t kRootId = FUSE_ROOT_ID;

// Opcodes younger than 7.38.
inline constexpr uint32_t kStatx = 52;             // 7.39
inline constexpr uint32_t kCopyFileRange64 = 53;   // 7.45; reply is CopyFileRangeOut

// Notification codes younger than 7.38.
inline constexpr int32_t kNotifyResend = 7;     // 7.40
inline constexpr int32_t kNotifyIncEpoch = 8;   // 7.44; no payload
inline constexpr uint32_t kMinorIncEpoch = 44;
inline constexpr uint32_t kMinorPassthrough = 40;

// SETXATTR: the fixed struct without FUSE_SETXATTR_EXT (7.33), and with it.
inline constexpr size_t kSetxattrInShort = FUSE_COMPAT_SETXATTR_IN_SIZE;
inline constexpr size_t kSetxattrInLong = sizeof(fuse_setxattr_in);

// fuse_open_out with the field that 7.40 gave a meaning.
struct OpenOut {
  uint64_t fh = 0;
  uint32_t open_flags = 0;
  int32_t backing_id = 0;
};
static_assert(sizeof(OpenOut) == sizeof(fuse_open_out));

// fuse_init_out with max_stack_depth (7.40).
struct InitOut {
  uint32_t major = 0;
  uint32_t minor = 0;
  uint32_t max_readahead = 0;
  uint32_t flags = 0;
  uint16_t max_background = 0;
  uint16_t congestion_threshold = 0;
  uint32_t max_write = 0;
  uint32_t time_gran = 0;
  uint16_t max_pages = 0;
  uint16_t map_alignment = 0;
  uint32_t flags2 = 0;
  uint32_t max_stack_depth = 0;
  uint32_t unused[6] = {};
};
static_assert(sizeof(InitOut) == sizeof(fuse_init_out));

struct SxTime {
  int64_t tv_sec = 0;
  uint32_t tv_nsec = 0;
  int32_t reserved = 0;
};

struct Statx {
  uint32_t mask = 0;
  uint32_t blksize = 0;
  uint64_t attributes = 0;
  uint32_t nlink = 0;
  uint32_t uid = 0;
  uint32_t gid = 0;
  uint16_t mode = 0;
  uint16_t spare0 = 0;
  uint64_t ino = 0;
  uint64_t size = 0;
  uint64_t blocks = 0;
  uint64_t attributes_mask = 0;
  SxTime atime, btime, ctime, mtime;
  uint32_t rdev_major = 0, rdev_minor = 0;
  uint32_t dev_major = 0, dev_minor = 0;
  uint64_t spare2[14] = {};
};
static_assert(sizeof(Statx) == 256);

struct StatxIn {
  uint32_t getattr_flags;
  uint32_t reserved;
  uint64_t fh;
  uint32_t sx_flags;
  uint32_t sx_mask;
};
static_assert(sizeof(StatxIn) == 24);

struct StatxOut {
  uint64_t attr_valid = 0;
  uint32_t attr_valid_nsec = 0;
  uint32_t flags = 0;
  uint64_t spare[2] = {};
  Statx stat;
};
static_assert(sizeof(StatxOut) == 288);

struct CopyFileRangeOut {
  uint64_t bytes_copied = 0;
};

// Argument of BACKING_OPEN (7.40).
struct BackingMap {
  int32_t fd = -1;
  uint32_t flags = 0;
  uint64_t padding = 0;
};
static_assert(sizeof(BackingMap) == 16);

inline constexpr unsigned long kIocBackingOpen = _IOW(FUSE_DEV_IOC_MAGIC, 1, BackingMap);
inline constexpr unsigned long kIocBackingClose = _IOW(FUSE_DEV_IOC_MAGIC, 2, uint32_t);

}  // namespace proxyfs::wire
