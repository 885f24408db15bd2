#include "fs/open_retry.h"

#include <algorithm>

namespace proxyfs::fs {

void OpenRetries::begin(uint32_t thread, const FileId& file) {
  if (thread == 0) return;  // of another pid namespace: all its threads look alike
  const std::lock_guard lock(mutex_);
  Slot& slot = slots_[thread % slots_.size()];
  if (slot.thread == 0) pending_.fetch_add(1);
  slot = {thread, file, 0, Clock::now() + kPatience};
}

bool OpenRetries::came_straight_back(uint32_t thread, const FileId& file) {
  if (pending_.load() == 0) return false;
  const std::lock_guard lock(mutex_);
  const Slot* slot = find(thread);
  return slot != nullptr && slot->file == file && slot->node == 0 && Clock::now() < slot->until;
}

void OpenRetries::looked_up(uint32_t thread, const FileId& file, NodeId node) {
  if (pending_.load() == 0) return;
  const std::lock_guard lock(mutex_);
  Slot* slot = find(thread);
  if (slot == nullptr || !(slot->file == file)) return;
  slot->node = node;
  slot->until = Clock::now() + kPatience;
}

bool OpenRetries::take(uint32_t thread, NodeId node) {
  if (pending_.load() == 0) return false;
  const std::lock_guard lock(mutex_);
  Slot* slot = find(thread);
  if (slot == nullptr) return false;
  const bool granted = slot->node == node && is_expected(*slot, Clock::now());
  *slot = {};
  pending_.fetch_sub(1);
  ++takes_;
  taken_.notify_all();
  return granted;
}

std::vector<FileId> OpenRetries::expected() const {
  std::vector<FileId> files;
  if (pending_.load() == 0) return files;
  const auto now = Clock::now();
  const std::lock_guard lock(mutex_);
  for (const Slot& slot : slots_) {
    if (is_expected(slot, now)) files.push_back(slot.file);
  }
  return files;
}

void OpenRetries::wait() const {
  std::unique_lock lock(mutex_);
  const auto now = Clock::now();
  auto first = Clock::time_point::max();
  for (const Slot& slot : slots_) {
    if (is_expected(slot, now)) first = std::min(first, slot.until);
  }
  if (first == Clock::time_point::max()) return;
  taken_.wait_until(lock, first, [this, takes = takes_] { return takes_ != takes; });
}

OpenRetries::Slot* OpenRetries::find(uint32_t thread) {
  Slot& slot = slots_[thread % slots_.size()];
  return thread != 0 && slot.thread == thread ? &slot : nullptr;
}

bool OpenRetries::is_expected(const Slot& slot, Clock::time_point now) {
  return slot.thread != 0 && slot.node != 0 && now < slot.until;
}

}  // namespace proxyfs::fs
