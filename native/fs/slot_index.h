// Finds the slots of a table by file identity: open addressing in one array of eight bytes a place, where a
// map would allocate a node for each. The table holds the identities; the owner guards both by one mutex.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "fs/file_id.h"

namespace proxyfs::fs {

class SlotIndex {
 public:
  static constexpr uint32_t kNone = 0;  // a slot that no table uses

  // The slot of this file: `file_of(slot)` says whose it is. kNone when there is none.
  template <typename FileOf>
  uint32_t find(const FileId& file, FileOf file_of) const {
    const uint32_t hash = hash_of(file);
    for (size_t place = hash & mask();; place = (place + 1) & mask()) {
      const Place& at = places_[place];
      if (at.slot == kNone || (at.hash == hash && file_of(at.slot) == file)) return at.slot;
    }
  }

  // The file is not in the index.
  void add(const FileId& file, uint32_t slot);
  // The file is there with slot `from`; `to` kNone takes it out.
  void change(const FileId& file, uint32_t from, uint32_t to);
  void reserve(size_t files);
  void clear();
  size_t size() const { return size_; }
  // For who will ask for many: the processor fetches their places at the same time.
  void prefetch(const FileId& file) const { __builtin_prefetch(&places_[hash_of(file) & mask()]); }

 private:
  struct Place {
    uint32_t hash = 0;
    uint32_t slot = kNone;
  };

  static uint32_t hash_of(const FileId& file) { return static_cast<uint32_t>(FileIdHash{}(file)); }
  size_t mask() const { return places_.size() - 1; }
  size_t place_of(uint32_t hash, uint32_t slot) const;
  void insert(Place added);
  void close_gap(size_t gap);
  void rehash(size_t places);

  std::vector<Place> places_ = std::vector<Place>(16);  // a power of two, at most two thirds of them taken
  size_t size_ = 0;
};

}  // namespace proxyfs::fs
