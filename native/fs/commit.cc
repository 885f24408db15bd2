#include "fs/commit.h"

#include <algorithm>
#include <chrono>
#include <span>
#include <unordered_map>
#include <utility>

namespace proxyfs::fs {

namespace {

using Clock = std::chrono::steady_clock;

// Changes whose entries and nodes fit into a processor's cache together.
constexpr size_t kAtOnce = 64;

uint64_t nanoseconds_since(Clock::time_point start) {
  return static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - start).count());
}

using OpenReplacements = std::unordered_multimap<FileId, ReplacementRef, FileIdHash>;

// What open handles read from.
OpenReplacements open_replacements(const Volume& volume) {
  OpenReplacements out;
  for (const HandleRef& handle : volume.handles.files()) {
    if (handle->node.replacement) out.emplace(handle->node.file, handle->node.replacement);
  }
  return out;
}

// The replacement that this change names, when somebody still reads from it: with its serial, so that he does not
// count as reading something outdated. Null when there is none, or its file is another one by now.
ReplacementRef find_open(const OpenReplacements& open, const SwapChange& change) {
  const auto [first, last] = open.equal_range(change.asset);
  const auto found = std::find_if(first, last, [&change](const auto& each) {
    return each.second->path() == change.replacement && each.second->mtime_ns() == change.mtime_ns;
  });
  return found != last && found->second->is_unchanged() ? found->second : nullptr;
}

// Allocations and system calls happen before the table is locked; serials are given inside. A change gives its path
// away to the replacement that is made of it.
std::vector<ReplacementRef> make_replacements(const Volume& volume, std::vector<SwapChange>& changes) {
  const OpenReplacements open = open_replacements(volume);
  std::vector<ReplacementRef> out(changes.size());
  for (size_t i = 0; i < changes.size(); ++i) {
    if (changes[i].action != SwapAction::replace) continue;
    if (!open.empty()) out[i] = find_open(open, changes[i]);
    if (!out[i]) out[i] = std::make_shared<Replacement>(std::move(changes[i].replacement), changes[i].mtime_ns);
  }
  return out;
}

struct Transaction {
  CommitResult result;
  NodeTable::Known known;
  std::vector<ReplacementRef> dropped;  // destroyed after the lock is released
};

// Whether an open that met an earlier commit is about to come for one of these: see open_retry.h.
bool is_expected(const Volume& volume, const std::vector<SwapChange>& changes) {
  const std::vector<FileId> expected = volume.retries.expected();
  if (expected.empty()) return false;
  return std::any_of(changes.begin(), changes.end(), [&](const SwapChange& change) {
    return std::find(expected.begin(), expected.end(), change.asset) != expected.end();
  });
}

// The table's writer, at a moment when nobody is about to open what these changes replace.
SwapTable::Writer lock_table(Volume& volume, const std::vector<SwapChange>& changes) {
  for (;;) {
    {
      SwapTable::Writer writer = volume.swaps.write();
      if (!is_expected(volume, changes)) return writer;
    }
    volume.retries.wait();
  }
}

void apply_all(Volume& volume, const std::vector<SwapChange>& changes, std::vector<ReplacementRef>& fresh,
               Transaction& transaction) {
  const int64_t now = wall_clock_ns();
  SwapTable::Writer writer = lock_table(volume, changes);
  writer.reserve(changes.size());
  transaction.known.nodes.reserve(changes.size());
  transaction.known.files.reserve(changes.size());
  std::vector<FileId> changed;
  changed.reserve(kAtOnce);
  for (size_t first = 0; first < changes.size(); first += kAtOnce) {
    const std::span<const SwapChange> some(&changes[first], std::min(kAtOnce, changes.size() - first));
    writer.prefetch(some);
    changed.clear();
    for (size_t i = 0; i < some.size(); ++i) {
      const SwapChange& change = some[i];
      if (change.only_if_idle && volume.nodes.opens_of(change.asset) > 0) {
        transaction.result.busy.push_back(change.asset);
        continue;
      }
      SwapTable::Applied applied = writer.apply(change, std::move(fresh[first + i]), now);
      if (applied.dropped) transaction.dropped.push_back(std::move(applied.dropped));
      if (applied.changed) changed.push_back(change.asset);
    }
    transaction.result.changed += changed.size();
    volume.nodes.collect_known(changed, transaction.known);
  }
  transaction.result.epoch = transaction.result.changed > 0 ? writer.bump_epoch() : writer.epoch();
}

// No lock is held here: the kernel takes directory locks that a request may be waiting under.
void tell_kernel(Volume& volume, const NodeTable::Known& known) {
  const bool all_at_once = volume.capabilities.inc_epoch && volume.kernel.notify_inc_epoch() == 0;
  for (const PlaceChange& place : volume.nodes.places(all_at_once ? known.by_readdir : known.nodes)) {
    volume.kernel.notify_inval_entry(place.parent, place.name);
  }
}

}  // namespace

CommitResult commit(Volume& volume, std::vector<SwapChange> changes) {
  const auto start = Clock::now();
  Transaction transaction;
  transaction.dropped.reserve(changes.size());
  std::vector<ReplacementRef> fresh = make_replacements(volume, changes);
  apply_all(volume, changes, fresh, transaction);
  transaction.result.table_ns = nanoseconds_since(start);
  const auto told = Clock::now();
  if (volume.capabilities.coherent && transaction.result.changed > 0) tell_kernel(volume, transaction.known);
  transaction.result.kernel_ns = nanoseconds_since(told);
  transaction.result.known = volume.nodes.paths(transaction.known.files);
  return std::move(transaction.result);
}

int anchor(Volume& volume, Fd source) {
  FileStat stat{};
  if (const int error = stat_fd(source.get(), stat)) return error;
  volume.files.anchor(std::move(source));
  volume.own_device = file_id(stat).dev;
  NodeTable::Known known;
  volume.nodes.retire_all(file_id(stat), birth_ns(stat), known);
  if (volume.capabilities.coherent) tell_kernel(volume, known);
  return 0;
}

std::vector<HandleInfo> list_handles(const Volume& volume, bool only_swappable) {
  std::vector<HandleInfo> out;
  for (const HandleRef& handle : volume.handles.files()) {
    HandleInfo info;
    info.asset = handle->node.file;
    {
      const SwapTable::Reader reader = volume.swaps.read();
      if (only_swappable && !reader.listed(info.asset)) continue;
      info.outdated = reader.target(info.asset) != handle->node.serial();
    }
    info.path = volume.nodes.path(handle->node.id);
    info.replaced = handle->node.replacement != nullptr;
    info.writable = handle->writable;
    info.pid = handle->pid;
    info.uid = handle->uid;
    info.since_ms = handle->since_ms;
    out.push_back(std::move(info));
  }
  return out;
}

}  // namespace proxyfs::fs
