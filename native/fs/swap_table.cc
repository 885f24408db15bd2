#include "fs/swap_table.h"

#include <utility>

namespace proxyfs::fs {

Resolution SwapTable::Reader::resolve(const FileId& asset, uint64_t size, int64_t mtime_ns) const {
  Resolution out;
  const SwapEntry* found = table_.find(asset);
  if (found == nullptr) return out;
  const SwapEntry& entry = *found;
  out.listed = entry.listed();
  out.deny = entry.action == SwapAction::deny;
  out.demoted = entry.demoted;
  out.flip_ns = entry.flip_ns;
  if (!entry.replacement || entry.demoted) return out;
  out.named = entry.replacement->serial();
  if (entry.guard_size != size || entry.guard_mtime_ns != mtime_ns) {
    out.unfit = Resolution::Unfit::guard;
  } else if (entry.replacement->broken()) {
    out.unfit = Resolution::Unfit::broken;
  } else {
    out.replacement = entry.replacement;
  }
  return out;
}

Resolution SwapTable::Reader::resolve(const FileId& asset, const FileStat& master) const {
  return resolve(asset, master.stx_size, nanoseconds(master.stx_mtime));
}

uint64_t SwapTable::Reader::target(const FileId& asset) const {
  const SwapEntry* entry = table_.find(asset);
  return entry == nullptr ? 0 : entry->target();
}

bool SwapTable::Reader::listed(const FileId& asset) const {
  const SwapEntry* entry = table_.find(asset);
  return entry != nullptr && entry->listed();
}

namespace {

bool is_same_swap(const SwapEntry& entry, const SwapChange& change, const Replacement& fresh) {
  return entry.action == SwapAction::replace && !entry.demoted && !entry.replacement->broken() &&
         entry.replacement->path() == fresh.path() && entry.replacement->mtime_ns() == change.mtime_ns &&
         entry.guard_size == change.guard_size && entry.guard_mtime_ns == change.guard_mtime_ns;
}

}  // namespace

void SwapTable::Writer::prefetch(std::span<const SwapChange> changes) const {
  for (const SwapChange& change : changes) table_.index_.prefetch(change.asset);
  for (const SwapChange& change : changes) {
    const SwapEntry* entry = std::as_const(table_).find(change.asset);
    if (entry != nullptr) __builtin_prefetch(entry->replacement.get());
  }
}

SwapTable::Applied SwapTable::Writer::apply(const SwapChange& change, ReplacementRef fresh, int64_t now_ns) {
  Applied applied;
  SwapEntry* found = table_.find(change.asset);
  if (found == nullptr && change.action == SwapAction::remove) return applied;
  SwapEntry& entry = found != nullptr ? *found : table_.make(change.asset);
  const bool was_listed = entry.listed();
  const bool was_denied = entry.action == SwapAction::deny;
  const uint64_t was = entry.target();
  const bool same = change.action == SwapAction::replace && is_same_swap(entry, change, *fresh);
  if (same) {
    applied.dropped = std::move(fresh);
  } else {
    applied.dropped = std::exchange(entry.replacement, std::move(fresh));
    if (entry.replacement && entry.replacement->serial() == 0) entry.replacement->set_serial(++table_.last_serial_);
  }
  entry.action = change.action;
  entry.demoted = false;
  entry.guard_size = change.guard_size;
  entry.guard_mtime_ns = change.guard_mtime_ns;
  entry.reason = table_.intern(change.reason, reason_);
  entry.profile = table_.intern(change.profile, profile_);
  // A replacement put in anew is served from now on, even if its serial is that of the last: its guard may have been
  // what kept it from being served.
  const bool flipped = entry.target() != was || (entry.target() != 0 && !same);
  applied.changed = flipped || was_denied != (change.action == SwapAction::deny);
  if (flipped) entry.flip_ns = now_ns;
  table_.listed_ += static_cast<uint64_t>(entry.listed()) - static_cast<uint64_t>(was_listed);
  // A removed entry that never flipped says nothing any more; one that did keeps ctime from going back.
  if (!entry.listed() && entry.flip_ns == 0) table_.remove(entry);
  return applied;
}

bool SwapTable::Writer::demote(const FileId& asset, uint64_t serial, int64_t now_ns) {
  SwapEntry* entry = table_.find(asset);
  if (entry == nullptr || entry->target() != serial) return false;
  entry->demoted = true;
  entry->flip_ns = now_ns;
  return true;
}

SwapText SwapTable::text(const FileId& asset) const {
  std::shared_lock lock(mutex_);
  const SwapEntry* entry = find(asset);
  if (entry == nullptr || !entry->listed()) return {};
  return {*entry->reason, *entry->profile, true};
}

uint64_t SwapTable::size() const {
  std::shared_lock lock(mutex_);
  return listed_;
}

bool SwapTable::first_report(const FileId& asset, uint64_t serial, const FileStat& master) {
  const Reported now{serial, master.stx_size, nanoseconds(master.stx_mtime)};
  std::lock_guard guard(reported_mutex_);
  const auto [at, added] = reported_.try_emplace(asset, now);
  if (added) return true;
  return std::exchange(at->second, now) != now;
}

uint32_t SwapTable::slot_of(const FileId& asset) const {
  return index_.find(asset, [this](uint32_t slot) -> const FileId& { return entries_[slot].asset; });
}

const SwapEntry* SwapTable::find(const FileId& asset) const {
  const uint32_t slot = slot_of(asset);
  return slot == SlotIndex::kNone ? nullptr : &entries_[slot];
}

SwapEntry* SwapTable::find(const FileId& asset) {
  return const_cast<SwapEntry*>(std::as_const(*this).find(asset));
}

SwapEntry& SwapTable::make(const FileId& asset) {
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(entries_.size()));
    entries_.emplace_back();
  }
  const uint32_t slot = free_.back();
  free_.pop_back();
  index_.add(asset, slot);
  entries_[slot].asset = asset;
  return entries_[slot];
}

void SwapTable::remove(SwapEntry& entry) {
  const uint32_t slot = slot_of(entry.asset);
  index_.change(entry.asset, slot, SlotIndex::kNone);
  entry = SwapEntry{};
  free_.push_back(slot);
}

const std::string* SwapTable::intern(const std::string& text, const std::string*& last) {
  if (last == nullptr || *last != text) last = &*strings_.insert(text).first;
  return last;
}

}  // namespace proxyfs::fs
