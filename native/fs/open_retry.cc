#include "fs/open_retry.h"

namespace proxyfs::fs {

void OpenRetries::begin(uint32_t thread, const FileId& file) {
  if (thread == 0) return;  // of another pid namespace: all its threads look alike
  const std::lock_guard lock(mutex_);
  Slot& slot = slots_[thread % slots_.size()];
  if (slot.thread == 0) pending_.fetch_add(1);
  slot = {thread, file, 0};
}

void OpenRetries::looked_up(uint32_t thread, const FileId& file, NodeId node) {
  if (pending_.load() == 0) return;
  const std::lock_guard lock(mutex_);
  if (Slot* slot = find(thread); slot != nullptr && slot->file == file) slot->node = node;
}

bool OpenRetries::take(uint32_t thread, NodeId node) {
  if (pending_.load() == 0) return false;
  const std::lock_guard lock(mutex_);
  Slot* slot = find(thread);
  if (slot == nullptr) return false;
  const bool granted = slot->node == node;
  *slot = {};
  pending_.fetch_sub(1);
  return granted;
}

OpenRetries::Slot* OpenRetries::find(uint32_t thread) {
  Slot& slot = slots_[thread % slots_.size()];
  return thread != 0 && slot.thread == thread ? &slot : nullptr;
}

}  // namespace proxyfs::fs
