#include "fs/node_files.h"

#include <fcntl.h>

#include <algorithm>
#include <cerrno>

namespace proxyfs::fs {

NodeFiles::NodeFiles(const NodeTable& nodes, const HandleTable& handles, Fd source, size_t cap)
    : nodes_(nodes),
      handles_(handles),
      cap_(std::max<size_t>(cap, 8)),
      source_(std::make_shared<const Fd>(std::move(source))) {}

SharedFd NodeFiles::root() const {
  std::lock_guard guard(mutex_);
  return source_;
}

void NodeFiles::anchor(Fd source) {
  // Closed after the lock.
  auto before = std::make_shared<const Fd>(std::move(source));
  Recent dropped;
  std::lock_guard guard(mutex_);
  source_.swap(before);
  dropped.swap(recent_);
  by_file_.clear();
}

PathFd NodeFiles::open_path(NodeId id) {
  // Up to what has a descriptor, and down again. Not by recursion: folders may lie deeper in each other than a
  // thread has stack for.
  std::vector<Step> steps;
  PathFd found = open_known(id, steps);
  for (; !steps.empty(); steps.pop_back()) {
    const Step& step = steps.back();
    if (found) found = open_at(found.get(), step.place.name, step.node);
    if (found || found.error != ESTALE) continue;
    // Moved, replaced or removed behind the mount: whoever has it open still reaches it.
    if (SharedFd fd = handles_.descriptor_of(step.node)) found = {std::move(fd)};
  }
  return found;
}

PathFd NodeFiles::open_known(NodeId id, std::vector<Step>& steps) {
  for (; id != kRootNode; id = steps.back().place.parent) {
    const auto node = nodes_.find(id);
    if (!node) return {nullptr, ESTALE};
    if (SharedFd fd = cached(*node)) return {std::move(fd)};
    auto place = nodes_.place(id);
    if (!place) return {nullptr, ESTALE};
    if (place->kept) return {std::move(place->kept)};
    steps.push_back({*node, std::move(*place)});
  }
  return {root()};
}

PathFd NodeFiles::open_at(int directory, const std::string& name, const Node& node) {
  constexpr int kFlags = O_PATH | O_NOFOLLOW | O_CLOEXEC;
  Fd fd(::openat(directory, name.c_str(), kFlags));
  if (!fd && (errno == EMFILE || errno == ENFILE)) {
    shrink();
    fd = Fd(::openat(directory, name.c_str(), kFlags));
  }
  if (!fd) {
    const int error = errno;
    return {nullptr, error == ENOENT || error == ENOTDIR ? ESTALE : error};
  }
  FileStat stat{};
  if (const int error = stat_fd(fd.get(), stat)) return {nullptr, -error};
  if (!(file_id(stat) == node.file) || birth_ns(stat) != node.birth_ns) return {nullptr, ESTALE};
  auto shared = std::make_shared<const Fd>(std::move(fd));
  keep(node, shared);
  return {std::move(shared)};
}

int NodeFiles::open_by_name(const Node& node, int flags, FileStat& stat) {
  const auto place = nodes_.place(node.id);
  if (!place || place->gone) return -1;
  const PathFd parent = open_path(place->parent);
  if (!parent) return -1;
  // Another file may have come to this name: O_NONBLOCK, since it could be a FIFO.
  Fd fd(::openat(parent.get(), place->name.c_str(), flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | O_NOCTTY));
  if (!fd || stat_fd(fd.get(), stat) != 0) return -1;
  return file_id(stat) == node.file && birth_ns(stat) == node.birth_ns ? fd.release() : -1;
}

bool NodeFiles::left_its_name(const Node& node) {
  const auto place = nodes_.place(node.id);
  if (!place || place->gone) return false;
  const PathFd parent = open_path(place->parent);
  if (!parent) return parent.error == ESTALE;
  FileStat stat{};
  const int error = -stat_at(parent.get(), place->name.c_str(), stat);
  if (error != 0) return error == ENOENT || error == ENOTDIR;
  return !(file_id(stat) == node.file) || birth_ns(stat) != node.birth_ns;
}

SharedFd NodeFiles::cached(const Node& node) {
  std::lock_guard guard(mutex_);
  const auto found = by_file_.find(node.file);
  if (found == by_file_.end() || found->second.birth_ns != node.birth_ns) return nullptr;
  SharedFd fd = found->second.fd.lock();
  if (!fd) {
    by_file_.erase(found);
  } else if (found->second.recent != recent_.end()) {
    recent_.splice(recent_.begin(), recent_, found->second.recent);
  }
  return fd;
}

void NodeFiles::keep(const Node& node, const SharedFd& fd) {
  Recent evicted;  // closed after the lock
  std::lock_guard guard(mutex_);
  Slot& slot = by_file_.try_emplace(node.file, Slot{{}, 0, recent_.end()}).first->second;
  if (slot.recent != recent_.end()) evicted.splice(evicted.end(), recent_, slot.recent);
  recent_.emplace_front(node.file, fd);
  slot = {fd, node.birth_ns, recent_.begin()};
  evict(cap_, evicted);
}

void NodeFiles::lend(const Node& node, SharedFd fd) {
  std::lock_guard guard(mutex_);
  const auto [at, added] = by_file_.try_emplace(node.file, Slot{fd, node.birth_ns, recent_.end()});
  // A file whose descriptor lives keeps its inode number, so one that is in use is of this very file.
  if (!added && at->second.fd.expired()) {
    at->second.fd = fd;
    at->second.birth_ns = node.birth_ns;
  }
}

void NodeFiles::drop(const FileId& file) {
  Recent dropped;  // closed after the lock
  std::lock_guard guard(mutex_);
  const auto found = by_file_.find(file);
  if (found == by_file_.end()) return;
  if (found->second.recent != recent_.end()) dropped.splice(dropped.end(), recent_, found->second.recent);
  by_file_.erase(found);
}

void NodeFiles::shrink() {
  Recent evicted;
  std::lock_guard guard(mutex_);
  evict(recent_.size() / 2, evicted);
}

void NodeFiles::release() {
  Recent evicted;  // closed after the lock
  std::lock_guard guard(mutex_);
  evict(0, evicted);
}

void NodeFiles::evict(size_t limit, Recent& evicted) {
  while (recent_.size() > limit) {
    const auto last = std::prev(recent_.end());
    const auto found = by_file_.find(last->first);
    evicted.splice(evicted.end(), recent_, last);
    found->second.recent = recent_.end();
    // Still reachable while somebody holds the descriptor; else the entry says nothing.
    if (found->second.fd.use_count() <= 1) by_file_.erase(found);
  }
}

size_t NodeFiles::open_count() const {
  std::lock_guard guard(mutex_);
  return recent_.size();
}

}  // namespace proxyfs::fs
