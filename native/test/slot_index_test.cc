#include "fs/slot_index.h"

#include <random>
#include <unordered_map>

#include "test/harness.h"

namespace {

using proxyfs::fs::FileId;
using proxyfs::fs::FileIdHash;
using proxyfs::fs::SlotIndex;

// An index and the identities that its owner would hold, beside a map that says what is right.
struct Indexed {
  SlotIndex index;
  std::vector<FileId> files{FileId{}};  // by slot
  std::unordered_map<FileId, uint32_t, FileIdHash> right;

  uint32_t find(const FileId& file) const {
    return index.find(file, [this](uint32_t slot) -> const FileId& { return files[slot]; });
  }
  void add(const FileId& file) {
    const auto slot = static_cast<uint32_t>(files.size());
    files.push_back(file);
    index.add(file, slot);
    right[file] = slot;
  }
  void change(const FileId& file) {
    const auto slot = static_cast<uint32_t>(files.size());
    files.push_back(file);
    index.change(file, right[file], slot);
    right[file] = slot;
  }
  void remove(const FileId& file) {
    index.change(file, right[file], SlotIndex::kNone);
    right.erase(file);
  }
  bool agrees_on(const FileId& file) const {
    const auto found = right.find(file);
    return find(file) == (found == right.end() ? SlotIndex::kNone : found->second);
  }
};

TEST("an index agrees with a map over random additions, changes and removals") {
  std::mt19937 random(7);
  // Few inodes on few devices: files come back, and many share a place.
  const auto any_file = [&] { return FileId{64 + random() % 3, 1 + random() % 700}; };
  Indexed indexed;
  bool agrees = true;
  for (int step = 0; step < 200'000; ++step) {
    const FileId file = any_file();
    if (!indexed.right.contains(file)) {
      indexed.add(file);
    } else if (random() % 3 == 0) {
      indexed.change(file);
    } else {
      indexed.remove(file);
    }
    agrees = agrees && indexed.agrees_on(file) && indexed.agrees_on(any_file());
  }
  CHECK(agrees);
  CHECK_EQUAL(indexed.index.size(), indexed.right.size());
  for (const auto& [file, slot] : indexed.right) CHECK(indexed.find(file) == slot);
}

TEST("what was reserved for and what was cleared is found as before, or not at all") {
  Indexed indexed;
  for (uint64_t ino = 1; ino <= 1000; ++ino) indexed.add({1, ino});
  indexed.index.reserve(100'000);
  bool all = true;
  for (uint64_t ino = 1; ino <= 1001; ++ino) all = all && indexed.agrees_on({1, ino});
  CHECK(all);
  indexed.index.clear();
  CHECK_EQUAL(indexed.index.size(), 0U);
  CHECK_EQUAL(indexed.find({1, 5}), SlotIndex::kNone);
}

}  // namespace
