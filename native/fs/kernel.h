// What fs needs of the kernel side of a session; implemented by session/, faked by tests.
#pragma once

#include <cstdint>
#include <string_view>

namespace proxyfs::fs {

class Kernel {
 public:
  virtual ~Kernel() = default;

  // FUSE_DEV_IOC_BACKING_OPEN / _CLOSE. Returns a positive backing id, or -errno.
  virtual int backing_open(int fd) = 0;
  virtual void backing_close(int backing_id) = 0;

  // Notifications. They take dentry and inode locks in the kernel, so they are only ever
  // called from outside a request (commit) or queued to the notifier thread (enqueue_*); but an
  // inode's attributes alone (offset < 0), which take neither.
  // Return 0 or -errno; -ENOENT (nothing cached) is not an error.
  virtual int notify_inc_epoch() = 0;
  virtual int notify_inval_entry(uint64_t parent_nodeid, std::string_view name) = 0;
  virtual int notify_inval_inode(uint64_t nodeid, int64_t offset, int64_t length) = 0;

  // The same from inside a request: done later, by the notifier thread.
  virtual void enqueue_inval_entry(uint64_t parent_nodeid, std::string_view name) = 0;
  virtual void enqueue_inval_inode(uint64_t nodeid) = 0;
};

// What INIT agreed on; constant for the life of a session.
struct Capabilities {
  uint32_t protocol_minor = 0;
  bool passthrough = false;
  bool inc_epoch = false;
  bool coherent = true;  // false: no notifications and no check at OPEN (twin tests)
  bool direct_mmap = false;   // files may be read around the page cache and mapped all the same
  bool setxattr_ext = false;  // SETXATTR carries the long struct
  uint32_t max_write = 0;
};

}  // namespace proxyfs::fs
