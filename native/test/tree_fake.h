// A FileSystem under test: a temporary source tree, a kernel and an event sink that remember, and
// requests built as the kernel builds them. One thread uses it at a time unless it says so.
#pragma once

#include <cstring>
#include <filesystem>
#include <mutex>
#include <string>
#include <vector>

#include "fs/filesystem.h"
#include "test/kernel_bytes.h"

namespace proxyfs::test {

class FakeKernel final : public fs::Kernel {
 public:
  int backing_open(int fd) override;
  void backing_close(int backing_id) override;
  int notify_inc_epoch() override;
  int notify_inval_entry(uint64_t parent, std::string_view name) override;
  int notify_inval_inode(uint64_t nodeid, int64_t offset, int64_t length) override;
  void enqueue_inval_entry(uint64_t parent, std::string_view name) override;
  void enqueue_inval_inode(uint64_t nodeid) override;

  std::mutex mutex;
  int next_backing = 1;
  int refuse_backing = 0;  // an errno
  std::vector<int> open_backings;
  int epochs = 0;
  std::vector<std::string> invalidated;  // "PARENT/NAME"
};

class FakeSink final : public fs::EventSink {
 public:
  void emit(fs::Event event) override;
  // Paths of the events of one kind, forgetting all events.
  std::vector<std::string> take(fs::EventKind kind);

 private:
  std::mutex mutex_;
  std::vector<fs::Event> events_;
};

struct Answer {
  int error = 0;
  std::vector<std::byte> body;
  template <typename T>
  T as(size_t offset = 0) const {
    T out{};
    if (body.size() >= offset + sizeof(T)) std::memcpy(&out, body.data() + offset, sizeof(T));
    return out;
  }
};

class Tree {
 public:
  explicit Tree(fs::Capabilities capabilities = defaults(), fs::Options options = {});
  ~Tree();

  static fs::Capabilities defaults();

  std::filesystem::path path(const std::string& name) const { return root_ / "source" / name; }
  std::filesystem::path pool(const std::string& name) const { return root_ / "pool" / name; }
  void write(const std::filesystem::path& path, const std::string& content);
  fs::FileId id(const std::string& name) const;
  // A change that serves `name` from the pool file, with the guard of the master as it is now.
  fs::SwapChange replace(const std::string& name, const std::string& pool_name) const;
  fs::SwapChange master(const std::string& name) const;

  Answer call(uint32_t opcode, uint64_t nodeid, const std::string& body);
  template <typename T>
  Answer call(uint32_t opcode, uint64_t nodeid, const T& fixed, const std::string& tail = "") {
    return call(opcode, nodeid, std::string(reinterpret_cast<const char*>(&fixed), sizeof fixed) + tail);
  }
  fuse_entry_out lookup(const std::string& name, uint64_t parent = 1);
  int lookup_error(const std::string& name, uint64_t parent = 1);
  void forget(uint64_t nodeid, uint64_t count);
  Answer open(uint64_t nodeid, uint32_t flags = 0);
  std::string read(uint64_t fh, uint32_t size = 4096, uint64_t offset = 0);
  int release(uint64_t nodeid, uint64_t fh);

  FakeKernel kernel;
  FakeSink events;
  int send_result = 0;  // what the device says to the next replies
  uint32_t uid = 0, gid = 0;
  uint32_t pid = 1 << 23;  // of nobody: above all that Linux gives

 private:
  std::filesystem::path root_;
  std::unique_ptr<fs::FileSystem> fs_;

 public:
  fs::FileSystem& fs() { return *fs_; }
};

// A NUL-terminated name in a request body.
std::string cstr(const std::string& name);

}  // namespace proxyfs::test
