#include "fs/slot_index.h"

#include <bit>
#include <utility>

namespace proxyfs::fs {

namespace {

// Places that hold so many files, not more than two thirds of them taken.
size_t places_for(size_t files) { return std::bit_ceil(files + files / 2 + 2); }

}  // namespace

void SlotIndex::add(const FileId& file, uint32_t slot) {
  reserve(++size_);
  insert({hash_of(file), slot});
}

void SlotIndex::change(const FileId& file, uint32_t from, uint32_t to) {
  const size_t place = place_of(hash_of(file), from);
  if (to == kNone) {
    --size_;
    close_gap(place);
  } else {
    places_[place].slot = to;
  }
}

void SlotIndex::reserve(size_t files) {
  if (places_for(files) > places_.size()) rehash(places_for(files));
}

void SlotIndex::clear() {
  places_.assign(places_.size(), Place{});
  size_ = 0;
}

size_t SlotIndex::place_of(uint32_t hash, uint32_t slot) const {
  size_t place = hash & mask();
  while (places_[place].slot != slot) place = (place + 1) & mask();
  return place;
}

void SlotIndex::insert(Place added) {
  places_[place_of(added.hash, kNone)] = added;
}

// What had to be put behind its own place moves up, so that nobody who searches meets a gap.
void SlotIndex::close_gap(size_t gap) {
  for (size_t place = (gap + 1) & mask(); places_[place].slot != kNone; place = (place + 1) & mask()) {
    const size_t home = places_[place].hash & mask();
    if (((place - home) & mask()) < ((place - gap) & mask())) continue;
    places_[gap] = places_[place];
    gap = place;
  }
  places_[gap] = Place{};
}

void SlotIndex::rehash(size_t places) {
  const std::vector<Place> before = std::exchange(places_, std::vector<Place>(places));
  for (const Place& place : before) {
    if (place.slot != kNone) insert(place);
  }
}

}  // namespace proxyfs::fs
