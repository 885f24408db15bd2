#include "session/kernel_link.h"

#include <errno.h>

#include <cstdio>

#include "wire/notification.h"

namespace proxyfs::session {

namespace {

// Nothing cached (ENOENT), a directory still in use (ENOTEMPTY, EBUSY) or a mount that is
// gone are everyday answers; the short timeouts cover the second.
bool is_everyday(int error) {
  return error == 0 || error == -ENOENT || error == -ENOTEMPTY || error == -EBUSY || error == -ENODEV ||
         error == -ENOTCONN || error == -ENOTDIR;
}

}  // namespace

KernelLink::KernelLink()
    : notifier_([this](const std::vector<std::byte>& message) {
        const int error = device_->notify(message);
        if (is_everyday(error)) return;
        std::fprintf(stderr, "proxyfs: the kernel refused a notification (errno %d)\n", -error);
      }) {}

int KernelLink::backing_open(int fd) { return device_->backing_open(fd); }

void KernelLink::backing_close(int backing_id) { device_->backing_close(backing_id); }

int KernelLink::notify_inc_epoch() { return device_->notify(wire::inc_epoch_message()); }

int KernelLink::notify_inval_entry(uint64_t parent_nodeid, std::string_view name) {
  return device_->notify(wire::inval_entry_message(parent_nodeid, name));
}

int KernelLink::notify_inval_inode(uint64_t nodeid, int64_t offset, int64_t length) {
  return device_->notify(wire::inval_inode_message(nodeid, offset, length));
}

void KernelLink::enqueue_inval_entry(uint64_t parent_nodeid, std::string_view name) {
  notifier_.push(wire::inval_entry_message(parent_nodeid, name));
}

void KernelLink::enqueue_inval_inode(uint64_t nodeid) { notifier_.push(wire::inval_inode_message(nodeid, 0, 0)); }

}  // namespace proxyfs::session
