// The swap table: asset identity -> what its path is served from.
//
// Lock order of fs/, outermost first: SwapTable::mutex_, NodeTable::mutex_. NodeFiles::mutex_,
// HandleTable::mutex_, OpenRetries::mutex_ and the backing stripes are leaves: nothing else is taken while
// one of them is held (the backing stripes alone may call NodeTable).
//
// A Reader keeps the table still while a lookup turns its answer into a node, so that a commit sees
// every node that was made from the table before it. Readers and the Writer make no system call.
#pragma once

#include <deque>
#include <memory>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "fs/file_id.h"
#include "fs/replacement.h"
#include "fs/slot_index.h"
#include "fs/types.h"

namespace proxyfs::fs {

using ReplacementRef = std::shared_ptr<Replacement>;

struct SwapEntry {
  FileId asset;
  SwapAction action = SwapAction::remove;  // remove: only flip_ns is still of interest
  bool demoted = false;
  uint64_t guard_size = 0;
  int64_t guard_mtime_ns = 0;
  int64_t flip_ns = 0;  // when the served file last changed; 0 when never
  ReplacementRef replacement;
  const std::string* reason = nullptr;  // interned, never null once in the table
  const std::string* profile = nullptr;

  bool listed() const { return action != SwapAction::remove; }
  // What a path is served from as far as the table can say: 0 the master, else a replacement's serial.
  uint64_t target() const { return replacement && !demoted ? replacement->serial() : 0; }
};

// The table's word on one asset, given the master's present size and mtime.
struct Resolution {
  enum class Unfit : uint8_t { no, guard, broken };

  bool listed = false;
  bool deny = false;
  bool demoted = false;
  Unfit unfit = Unfit::no;    // a replacement stands in the table but is not served
  ReplacementRef replacement;  // null: the master. Its facts may still be unknown.
  uint64_t named = 0;          // serial of the replacement in the table, served or not
  int64_t flip_ns = 0;

  uint64_t serial() const { return replacement ? replacement->serial() : 0; }
};

struct SwapText {
  std::string reason;
  std::string profile;
  bool listed = false;
};

class SwapTable {
 public:
  class Reader {
   public:
    explicit Reader(const SwapTable& table) : table_(table), lock_(table.mutex_) {}
    Resolution resolve(const FileId& asset, uint64_t size, int64_t mtime_ns) const;
    Resolution resolve(const FileId& asset, const FileStat& master) const;
    // Without the guard: the serial a commit would compare, 0 for the master.
    uint64_t target(const FileId& asset) const;
    bool listed(const FileId& asset) const;
    uint64_t epoch() const { return table_.epoch_; }

   private:
    const SwapTable& table_;
    std::shared_lock<std::shared_mutex> lock_;
  };

  // What apply() did to one asset.
  struct Applied {
    bool changed = false;
    ReplacementRef dropped;  // to be destroyed outside the lock
  };

  class Writer {
   public:
    explicit Writer(SwapTable& table) : table_(table), lock_(table.mutex_) {}
    // For a table of so many assets.
    void reserve(size_t assets) { table_.index_.reserve(assets); }
    // That apply() comes for these: the processor fetches their entries at the same time.
    void prefetch(std::span<const SwapChange> changes) const;
    // `fresh` is the change's replacement, made before the lock was taken, or one that was in the table before and
    // is named again; null for other actions. It has the change's path, which the change itself need not have any more.
    Applied apply(const SwapChange& change, ReplacementRef fresh, int64_t now_ns);
    uint64_t bump_epoch() { return ++table_.epoch_; }
    uint64_t epoch() const { return table_.epoch_; }
    // The asset serves its master until a later commit names it. False when it did already.
    bool demote(const FileId& asset, uint64_t serial, int64_t now_ns);

   private:
    SwapTable& table_;
    std::unique_lock<std::shared_mutex> lock_;
    // Those of the change before: nearly all changes of a transaction say the same.
    const std::string* reason_ = nullptr;
    const std::string* profile_ = nullptr;
  };

  Reader read() const { return Reader(*this); }
  Writer write() { return Writer(*this); }

  SwapText text(const FileId& asset) const;
  uint64_t size() const;

  // True once for each (asset, its swap, master state): a changed master is reported once, not per lookup.
  bool first_report(const FileId& asset, uint64_t serial, const FileStat& master);

 private:
  struct Reported {
    uint64_t serial = 0;
    uint64_t size = 0;
    int64_t mtime_ns = 0;
    bool operator==(const Reported&) const = default;
  };

  uint32_t slot_of(const FileId& asset) const;
  // Null when the table has no word on it.
  const SwapEntry* find(const FileId& asset) const;
  SwapEntry* find(const FileId& asset);
  SwapEntry& make(const FileId& asset);
  void remove(SwapEntry& entry);
  // `last` is what the change before had.
  const std::string* intern(const std::string& text, const std::string*& last);

  mutable std::shared_mutex mutex_;
  std::deque<SwapEntry> entries_{1};  // by slot; the first stays empty
  std::vector<uint32_t> free_;        // slots
  SlotIndex index_;
  std::unordered_set<std::string> strings_;  // few and recurring: reasons and profile names
  uint64_t listed_ = 0;
  uint64_t epoch_ = 0;
  uint64_t last_serial_ = 0;

  std::mutex reported_mutex_;  // leaf
  std::unordered_map<FileId, Reported, FileIdHash> reported_;
};

}  // namespace proxyfs::fs
