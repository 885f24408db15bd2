#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "test/tree_fake.h"

namespace proxyfs::test {

int FakeKernel::backing_open(int) {
  std::lock_guard guard(mutex);
  if (refuse_backing != 0) return -refuse_backing;
  open_backings.push_back(next_backing);
  return next_backing++;
}

void FakeKernel::backing_close(int id) {
  std::lock_guard guard(mutex);
  std::erase(open_backings, id);
}

int FakeKernel::notify_inc_epoch() {
  ++epochs;
  return 0;
}

int FakeKernel::notify_inval_entry(uint64_t parent, std::string_view name) {
  std::lock_guard guard(mutex);
  invalidated.push_back(std::to_string(parent) + "/" + std::string(name));
  return 0;
}

int FakeKernel::notify_inval_inode(uint64_t, int64_t, int64_t) { return 0; }

void FakeKernel::enqueue_inval_entry(uint64_t parent, std::string_view name) { notify_inval_entry(parent, name); }

void FakeKernel::enqueue_inval_inode(uint64_t) {}

void FakeSink::emit(fs::Event event) {
  std::lock_guard guard(mutex_);
  events_.push_back(std::move(event));
}

std::vector<std::string> FakeSink::take(fs::EventKind kind) {
  std::lock_guard guard(mutex_);
  std::vector<std::string> out;
  for (const fs::Event& event : events_) {
    if (event.kind == kind) out.push_back(event.path);
  }
  events_.clear();
  return out;
}

fs::Capabilities Tree::defaults() {
  return {.protocol_minor = 45, .passthrough = false, .inc_epoch = true, .coherent = true, .max_write = 1 << 20};
}

Tree::Tree(fs::Capabilities capabilities, fs::Options options) {
  std::string pattern = std::filesystem::temp_directory_path() / "proxyfs-fs-test-XXXXXX";
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  root_ = pattern;
  std::filesystem::create_directory(root_ / "source");
  std::filesystem::create_directory(root_ / "pool");
  options.source_fd = ::open((root_ / "source").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  fs_ = std::make_unique<fs::FileSystem>(std::move(options), kernel, events);
  fs_->start(capabilities);
}

Tree::~Tree() {
  fs_.reset();
  std::error_code ignored;
  std::filesystem::remove_all(root_, ignored);
}

void Tree::write(const std::filesystem::path& path, const std::string& content) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

fs::FileId Tree::id(const std::string& name) const {
  struct stat found {};
  if (::lstat(path(name).c_str(), &found) != 0) throw std::runtime_error("no such file: " + name);
  return {found.st_dev, found.st_ino};
}

fs::SwapChange Tree::replace(const std::string& name, const std::string& pool_name) const {
  struct stat found {};
  if (::lstat(path(name).c_str(), &found) != 0) throw std::runtime_error("no such file: " + name);
  fs::SwapChange change = master(name);
  change.action = fs::SwapAction::replace;
  change.guard_size = static_cast<uint64_t>(found.st_size);
  change.guard_mtime_ns = found.st_mtim.tv_sec * 1'000'000'000LL + found.st_mtim.tv_nsec;
  change.mtime_ns = change.guard_mtime_ns + 1'000'000'000;
  change.replacement = pool(pool_name);
  return change;
}

fs::SwapChange Tree::master(const std::string& name) const {
  fs::SwapChange change;
  change.asset = id(name);
  change.reason = "because of the test";
  change.profile = "test-profile";
  return change;
}

Answer Tree::call(uint32_t opcode, uint64_t nodeid, const std::string& body) {
  std::vector<uint64_t> storage((sizeof(fuse_in_header) + body.size()) / 8 + 1);
  auto* bytes = reinterpret_cast<std::byte*>(storage.data());
  fuse_in_header header{};
  header.len = static_cast<uint32_t>(sizeof header + body.size());
  header.opcode = opcode;
  header.unique = 2;
  header.nodeid = nodeid;
  header.uid = uid;
  header.gid = gid;
  header.pid = pid;
  std::memcpy(bytes, &header, sizeof header);
  std::memcpy(bytes + sizeof header, body.data(), body.size());
  const auto request = wire::Request::parse({bytes, header.len});
  if (!request) throw std::runtime_error("the request does not parse");
  RecordingSink sink;
  sink.result = send_result;
  wire::Reply reply(sink, header.unique);
  fs_->handle(*request, reply);
  return {std::abs(sink.last_error), sink.body};
}

fuse_entry_out Tree::lookup(const std::string& name, uint64_t parent) {
  return call(FUSE_LOOKUP, parent, cstr(name)).as<fuse_entry_out>();
}

int Tree::lookup_error(const std::string& name, uint64_t parent) {
  return call(FUSE_LOOKUP, parent, cstr(name)).error;
}

void Tree::forget(uint64_t nodeid, uint64_t count) {
  fuse_forget_in in{};
  in.nlookup = count;
  call(FUSE_FORGET, nodeid, in);
}

Answer Tree::open(uint64_t nodeid, uint32_t flags) {
  fuse_open_in in{};
  in.flags = flags;
  return call(FUSE_OPEN, nodeid, in);
}

std::string Tree::read(uint64_t fh, uint32_t size, uint64_t offset) {
  fuse_read_in in{};
  in.fh = fh;
  in.size = size;
  in.offset = offset;
  const Answer answer = call(FUSE_READ, 1, in);
  return {reinterpret_cast<const char*>(answer.body.data()), answer.body.size()};
}

int Tree::release(uint64_t nodeid, uint64_t fh) {
  fuse_release_in in{};
  in.fh = fh;
  return call(FUSE_RELEASE, nodeid, in).error;
}

std::string cstr(const std::string& name) { return name + std::string(1, '\0'); }

}  // namespace proxyfs::test
