// fs::Kernel over a device: backing ids, and notifications now or later.
#pragma once

#include "fs/kernel.h"
#include "session/device.h"
#include "session/notifier.h"

namespace proxyfs::session {

class KernelLink final : public fs::Kernel {
 public:
  // `device` is set before the first call of any other method and outlives this object.
  KernelLink();

  void connect(Device& device) { device_ = &device; }
  void start() { notifier_.start(); }
  void stop() { notifier_.stop(); }

  int backing_open(int fd) override;
  void backing_close(int backing_id) override;
  int notify_inc_epoch() override;
  int notify_inval_entry(uint64_t parent_nodeid, std::string_view name) override;
  int notify_inval_inode(uint64_t nodeid, int64_t offset, int64_t length) override;
  void enqueue_inval_entry(uint64_t parent_nodeid, std::string_view name) override;
  void enqueue_inval_inode(uint64_t nodeid) override;

 private:
  Device* device_ = nullptr;
  Notifier notifier_;
};

}  // namespace proxyfs::session
