#include "fs/handle_table.h"

#include <algorithm>
#include <utility>

namespace proxyfs::fs {

uint64_t HandleTable::add(HandleRef handle) {
  std::lock_guard guard(mutex_);
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.push_back({1, nullptr});  // no handle has the id 0
  }
  const uint32_t index = free_.front();
  free_.pop_front();
  if (handle->writable) ++writers_[handle->node.id];
  slots_[index].handle = std::move(handle);
  ++used_;
  return uint64_t{slots_[index].generation} << 32 | index;
}

HandleRef HandleTable::find(uint64_t id) const {
  const auto index = static_cast<uint32_t>(id);
  std::lock_guard guard(mutex_);
  if (index >= slots_.size() || slots_[index].generation != id >> 32) return nullptr;
  return slots_[index].handle;
}

HandleRef HandleTable::remove(uint64_t id) {
  const auto index = static_cast<uint32_t>(id);
  std::lock_guard guard(mutex_);
  if (index >= slots_.size() || slots_[index].generation != id >> 32) return nullptr;
  HandleRef handle = std::exchange(slots_[index].handle, nullptr);
  if (handle == nullptr) return nullptr;
  ++slots_[index].generation;
  free_.push_back(index);
  --used_;
  if (handle->writable) {
    const auto writers = writers_.find(handle->node.id);
    if (--writers->second == 0) writers_.erase(writers);
  }
  return handle;
}

std::vector<HandleRef> HandleTable::files() const {
  std::lock_guard guard(mutex_);
  std::vector<HandleRef> out;
  for (const Slot& slot : slots_) {
    if (slot.handle && !slot.handle->directory) out.push_back(slot.handle);
  }
  return out;
}

SharedFd HandleTable::descriptor_of(const Node& node) const {
  std::lock_guard guard(mutex_);
  const auto found = std::find_if(slots_.begin(), slots_.end(), [&node](const Slot& slot) {
    return slot.handle && slot.handle->node.file == node.file && slot.handle->node.birth_ns == node.birth_ns;
  });
  return found != slots_.end() ? found->handle->path_fd : nullptr;
}

bool HandleTable::has_unseen_writer(NodeId node) const {
  std::lock_guard guard(mutex_);
  return std::any_of(slots_.begin(), slots_.end(), [node](const Slot& slot) {
    return slot.handle && slot.handle->mappable && !slot.handle->passthrough && slot.handle->node.id == node;
  });
}

bool HandleTable::has_writer(NodeId node) const {
  std::lock_guard guard(mutex_);
  return writers_.contains(node);
}

uint64_t HandleTable::size() const {
  std::lock_guard guard(mutex_);
  return used_;
}

}  // namespace proxyfs::fs
