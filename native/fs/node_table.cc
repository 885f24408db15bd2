#include "fs/node_table.h"

#include <algorithm>
#include <utility>

#include "fs/invariant.h"

namespace proxyfs::fs {

NodeTable::NodeTable(const FileId& root, int64_t root_birth_ns) {
  records_.resize(2);  // slot 0 stays empty, so that 0 can end a chain
  extras_.resize(2);
  Record& record = records_[kRootNode];
  record.file = root;
  record.birth_ns = root_birth_ns;
  record.type = S_IFDIR;
  record.lookups = 1;  // the kernel never forgets the root
  record.used = record.indexed = true;
  by_file_.add(root, kRootNode);
  live_ = 1;
}

NodeId NodeTable::enter(NodeId parent, std::string_view name, const FileStat& stat, const ReplacementRef& replacement,
                        bool by_readdir, std::optional<NodePlace>* former) {
  std::lock_guard guard(mutex_);
  uint32_t slot = find_slot(file_id(stat), replacement ? replacement->serial() : 0, birth_ns(stat));
  if (slot == 0) slot = make(stat, replacement);
  Record& record = records_[slot];
  if (former != nullptr && record.parent != 0 && (record.parent != parent || extras_[slot].name != name)) {
    *former = NodePlace{record.parent, extras_[slot].name, extras_[slot].gone, nullptr};
  }
  settle(slot, parent, name);
  ++record.lookups;
  record.by_readdir = by_readdir;
  return id_of(slot);
}

std::optional<FileId> NodeTable::forget(NodeId id, uint64_t count) {
  std::lock_guard guard(mutex_);
  if (id == kRootNode) return std::nullopt;
  Record& record = must(id);
  invariant(record.lookups >= count, "more lookups forgotten than were counted");
  record.lookups -= count;
  return release_if_idle(slot_of(id));
}

std::optional<Node> NodeTable::find(NodeId id) const {
  std::lock_guard guard(mutex_);
  const Record* record = at(id);
  if (record == nullptr) return std::nullopt;
  return Node{id, record->file, record->birth_ns, record->type, extras_[slot_of(id)].replacement};
}

std::optional<NodePlace> NodeTable::place(NodeId id) const {
  std::lock_guard guard(mutex_);
  const Record* record = at(id);
  if (record == nullptr) return std::nullopt;
  const Extra& extra = extras_[slot_of(id)];
  return NodePlace{record->parent, extra.name, extra.gone, extra.kept};
}

std::string NodeTable::path(NodeId id) const {
  std::lock_guard guard(mutex_);
  return path_at(id);
}

std::string NodeTable::path_of(NodeId parent, std::string_view name) const {
  std::string out = path(parent);
  if (!out.empty()) out += '/';
  return out += name;
}

// Without recursion: folders may lie deeper in each other than a thread has stack for.
std::string NodeTable::path_at(NodeId id) const {
  const auto is_named = [this](NodeId each) { return each != kRootNode && at(each) != nullptr; };
  size_t length = 0;
  for (NodeId each = id; is_named(each); each = at(each)->parent) length += extras_[slot_of(each)].name.size() + 1;
  std::string out(length == 0 ? 0 : length - 1, '/');
  size_t end = out.size();
  for (NodeId each = id; is_named(each); each = at(each)->parent) {
    const std::string& name = extras_[slot_of(each)].name;
    name.copy(out.data() + end - name.size(), name.size());
    end -= std::min(end, name.size() + 1);
  }
  return out;
}

void NodeTable::moved(const FileId& file, NodeId parent, std::string_view name, int64_t now_ns) {
  std::lock_guard guard(mutex_);
  for (uint32_t slot = first_slot(file); slot != 0; slot = records_[slot].next_of_file) {
    settle(slot, parent, name);
    records_[slot].changed_here_ns = now_ns;
  }
}

void NodeTable::detached(const FileId& file, NodeId parent, std::string_view name, SharedFd kept) {
  std::lock_guard guard(mutex_);
  for (uint32_t slot = first_slot(file); slot != 0; slot = records_[slot].next_of_file) {
    if (records_[slot].parent != parent || extras_[slot].name != name) continue;
    extras_[slot].gone = true;
    extras_[slot].kept = kept;
  }
}

bool NodeTable::has(const FileId& file) const {
  std::lock_guard guard(mutex_);
  return first_slot(file) != 0;
}

void NodeTable::retire_all(const FileId& root, int64_t root_birth_ns, Known& into) {
  std::lock_guard guard(mutex_);
  by_file_.clear();
  for (uint32_t slot = kRootNode + 1; slot < records_.size(); ++slot) {
    Record& record = records_[slot];
    record.next_of_file = 0;
    if (!record.used) continue;
    record.indexed = false;
    into.nodes.push_back(id_of(slot));
    if (record.by_readdir) into.by_readdir.push_back(id_of(slot));
  }
  Record& top = records_[kRootNode];
  top.file = root;
  top.birth_ns = root_birth_ns;
  top.next_of_file = 0;
  by_file_.add(root, kRootNode);
}

void NodeTable::open(NodeId id) {
  std::lock_guard guard(mutex_);
  ++must(id).opens;
}

std::optional<FileId> NodeTable::close(NodeId id) {
  std::lock_guard guard(mutex_);
  Record& record = must(id);
  invariant(record.opens > 0, "a node was closed more often than opened");
  --record.opens;
  return release_if_idle(slot_of(id));
}

uint32_t NodeTable::opens(NodeId id) const {
  std::lock_guard guard(mutex_);
  const Record* record = at(id);
  return record != nullptr ? record->opens : 0;
}

uint32_t NodeTable::opens_of(const FileId& file) const {
  std::lock_guard guard(mutex_);
  uint32_t sum = 0;
  for (uint32_t slot = first_slot(file); slot != 0; slot = records_[slot].next_of_file) sum += records_[slot].opens;
  return sum;
}

Backing NodeTable::backing(NodeId id) const {
  std::lock_guard guard(mutex_);
  const Record* record = at(id);
  return record != nullptr ? record->backing : Backing{};
}

void NodeTable::set_backing(NodeId id, Backing backing) {
  std::lock_guard guard(mutex_);
  must(id).backing = backing;
}

bool NodeTable::same_content(NodeId id, const FileStat& stat) {
  const int64_t mtime = nanoseconds(stat.stx_mtime);
  const int64_t ctime = nanoseconds(stat.stx_ctime);
  std::lock_guard guard(mutex_);
  Record& record = must(id);
  const bool same =
      record.seen_mtime_ns == mtime && record.seen_ctime_ns == ctime && record.seen_size == stat.stx_size;
  record.seen_mtime_ns = mtime;
  record.seen_ctime_ns = ctime;
  record.seen_size = stat.stx_size;
  return same;
}

void NodeTable::changed_here(NodeId id, int64_t now_ns) {
  std::lock_guard guard(mutex_);
  if (Record* record = at(id)) record->changed_here_ns = now_ns;
}

int64_t NodeTable::last_change_here(NodeId id) const {
  std::lock_guard guard(mutex_);
  const Record* record = at(id);
  return record != nullptr ? record->changed_here_ns : 0;
}

void NodeTable::collect_known(std::span<const FileId> files, Known& into) const {
  std::lock_guard guard(mutex_);
  for (const FileId& file : files) by_file_.prefetch(file);
  for (const FileId& file : files) {
    bool named = false;
    for (uint32_t slot = first_slot(file); slot != 0; slot = records_[slot].next_of_file) {
      const Record& record = records_[slot];
      if (record.lookups == 0 || extras_[slot].gone) continue;
      into.nodes.push_back(id_of(slot));
      if (record.by_readdir) into.by_readdir.push_back(id_of(slot));
      if (!std::exchange(named, true)) into.files.push_back(id_of(slot));
    }
  }
}

template <typename Each>
void NodeTable::for_each_named(const std::vector<NodeId>& ids, Each each) const {
  constexpr size_t kAtOnce = 512;
  for (size_t first = 0; first < ids.size(); first += kAtOnce) {
    std::lock_guard guard(mutex_);
    for (size_t i = first; i < std::min(ids.size(), first + kAtOnce); ++i) {
      const Record* record = at(ids[i]);
      if (record != nullptr && !extras_[slot_of(ids[i])].gone) each(ids[i], *record);
    }
  }
}

std::vector<PlaceChange> NodeTable::places(const std::vector<NodeId>& ids) const {
  std::vector<PlaceChange> out;
  out.reserve(ids.size());
  for_each_named(ids, [&](NodeId id, const Record& record) {
    out.push_back({record.parent, extras_[slot_of(id)].name});
  });
  return out;
}

std::vector<std::string> NodeTable::paths(const std::vector<NodeId>& ids) const {
  std::vector<std::string> out;
  out.reserve(ids.size());
  for_each_named(ids, [&](NodeId id, const Record&) { out.push_back(path_at(id)); });
  return out;
}

uint64_t NodeTable::size() const {
  std::lock_guard guard(mutex_);
  return live_;
}

NodeTable::Record* NodeTable::at(NodeId id) { return const_cast<Record*>(std::as_const(*this).at(id)); }

const NodeTable::Record* NodeTable::at(NodeId id) const {
  const uint32_t slot = slot_of(id);
  if (slot >= records_.size()) return nullptr;
  const Record& record = records_[slot];
  return record.used && record.generation == id >> 32 ? &record : nullptr;
}

NodeTable::Record& NodeTable::must(NodeId id) {
  Record* record = at(id);
  invariant(record != nullptr, "a nodeid that is not in the table was used");
  return *record;
}

uint32_t NodeTable::find_slot(const FileId& file, uint64_t serial, int64_t birth_ns) {
  for (uint32_t slot = first_slot(file); slot != 0;) {
    const uint32_t next = records_[slot].next_of_file;
    if (records_[slot].birth_ns != birth_ns) {
      unindex(slot);  // the inode number was reused: the old file's nodes live on, but are not found again
    } else if ((extras_[slot].replacement ? extras_[slot].replacement->serial() : 0) == serial) {
      return slot;
    }
    slot = next;
  }
  return 0;
}

uint32_t NodeTable::make(const FileStat& stat, const ReplacementRef& replacement) {
  const uint32_t slot = take_slot();
  Record& record = records_[slot];
  const uint32_t generation = record.generation;
  record = Record{};
  record.generation = generation;
  record.file = file_id(stat);
  record.birth_ns = birth_ns(stat);
  record.type = stat.stx_mode & S_IFMT;
  record.used = record.indexed = true;
  extras_[slot] = Extra{{}, replacement, false, nullptr};
  if (const uint32_t first = first_slot(record.file); first == 0) {
    by_file_.add(record.file, slot);
  } else {
    record.next_of_file = first;
    by_file_.change(record.file, first, slot);
  }
  ++live_;
  return slot;
}

uint32_t NodeTable::take_slot() {
  // Some slots rest before they are used again, so that generations last.
  constexpr size_t kResting = 1024;
  if (free_.size() > kResting) {
    const uint32_t slot = free_.front();
    free_.pop_front();
    return slot;
  }
  records_.emplace_back();
  extras_.emplace_back();
  return static_cast<uint32_t>(records_.size() - 1);
}

void NodeTable::unindex(uint32_t slot) {
  Record& record = records_[slot];
  if (!std::exchange(record.indexed, false)) return;
  const uint32_t first = first_slot(record.file);
  invariant(first != 0, "a node is missing in the index of files");
  if (first == slot) {
    by_file_.change(record.file, slot, record.next_of_file);
  } else {
    uint32_t before = first;
    while (records_[before].next_of_file != slot) before = records_[before].next_of_file;
    records_[before].next_of_file = record.next_of_file;
  }
  record.next_of_file = 0;
}

void NodeTable::settle(uint32_t slot, NodeId parent, std::string_view name) {
  Record& record = records_[slot];
  if (slot == kRootNode) return;
  extras_[slot].gone = false;
  extras_[slot].kept = nullptr;
  if (extras_[slot].name != name) extras_[slot].name = name;
  if (record.parent == parent) return;
  ++must(parent).children;
  const NodeId old = std::exchange(record.parent, parent);
  if (old == 0) return;
  --must(old).children;
  release_if_idle(slot_of(old));
}

std::optional<FileId> NodeTable::release_if_idle(uint32_t slot) {
  if (!is_idle(slot)) return std::nullopt;
  const FileId file = records_[slot].file;
  // Without recursion, like path_at().
  for (uint32_t idle = slot; is_idle(idle);) {
    const NodeId parent = records_[idle].parent;
    unindex(idle);
    records_[idle].used = false;
    ++records_[idle].generation;
    extras_[idle] = Extra{};
    free_.push_back(idle);
    --live_;
    --must(parent).children;
    idle = slot_of(parent);
  }
  return first_slot(file) != 0 ? std::nullopt : std::optional(file);
}

bool NodeTable::is_idle(uint32_t slot) const {
  const Record& record = records_[slot];
  return record.lookups == 0 && record.opens == 0 && record.children == 0 && slot != kRootNode;
}

}  // namespace proxyfs::fs
