#include "fs/directory.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "fs/lookup.h"
#include "fs/open_file.h"

namespace proxyfs::fs {

namespace {

constexpr size_t kStreamBuffer = 64 * 1024;

// The kernel's record (linux_dirent64), which <dirent.h> calls dirent64.
const dirent64* current(const DirectoryStream& stream) {
  return reinterpret_cast<const dirent64*>(stream.buffer.data() + stream.position);
}

// Puts the stream at `offset`; 0 or -errno. Free when the caller goes on where it stopped.
int seek_stream(DirectoryStream& stream, int fd, int64_t offset) {
  if (stream.offset == offset) return 0;
  if (::lseek(fd, offset, SEEK_SET) < 0) return -errno;
  stream.position = stream.filled = 0;
  stream.offset = offset;
  return 0;
}

// 1: there is an entry at `position`; 0: the end; -errno.
int fill_stream(DirectoryStream& stream, int fd) {
  if (stream.position < stream.filled) return 1;
  stream.buffer.resize(kStreamBuffer);
  const long got = ::syscall(SYS_getdents64, fd, stream.buffer.data(), stream.buffer.size());
  if (got < 0) return -errno;
  stream.position = 0;
  stream.filled = static_cast<size_t>(got);
  return got > 0 ? 1 : 0;
}

void advance(DirectoryStream& stream) {
  const dirent64* entry = current(stream);
  stream.offset = entry->d_off;
  stream.position += entry->d_reclen;
}

// The reply under construction: fuse_dirent or fuse_direntplus records, 8-byte aligned.
class Listing {
 public:
  explicit Listing(size_t size) : bytes_(scratch(size)) {}

  bool fits(const dirent64& entry, size_t head) const { return used_ + record(entry, head) <= bytes_.size(); }

  // `head` bytes of `entry_out` (0 or its size), then the entry itself, with this inode number.
  void add(const dirent64& entry, uint64_t inode, const fuse_entry_out* plus) {
    const size_t head = plus ? sizeof *plus : 0;
    std::byte* at = bytes_.data() + used_;
    std::memset(at, 0, record(entry, head));
    if (plus) std::memcpy(at, plus, head);
    fuse_dirent out{};
    out.ino = inode;
    out.off = static_cast<uint64_t>(entry.d_off);
    out.namelen = static_cast<uint32_t>(std::strlen(entry.d_name));
    out.type = entry.d_type;
    std::memcpy(at + head, &out, sizeof out);
    std::memcpy(at + head + FUSE_NAME_OFFSET, entry.d_name, out.namelen);
    used_ += record(entry, head);
  }

  std::span<const std::byte> bytes() const { return bytes_.first(used_); }

 private:
  static size_t record(const dirent64& entry, size_t head) {
    return FUSE_DIRENT_ALIGN(head + FUSE_NAME_OFFSET + std::strlen(entry.d_name));
  }

  std::span<std::byte> bytes_;
  size_t used_ = 0;
};

bool is_dot(const char* name) { return std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0; }

// The entry part of a READDIRPLUS record. With nodeid 0 the kernel takes the name only and looks it up when
// it is used. Assets of the table get that: the kernel stamps a dentry made from this reply with the epoch
// it reads *after* the reply (fuse_direntplus_link), so a commit between the two would go unnoticed.
fuse_entry_out plus_entry(Volume& volume, const Handle& directory, const dirent64& entry,
                          std::vector<NodeId>& entered) {
  fuse_entry_out out{};
  FileStat stat{};
  if (is_dot(entry.d_name) || stat_at(directory.fd->get(), entry.d_name, stat) != 0) return out;
  if (S_ISREG(stat.stx_mode) && volume.swaps.read().listed(file_id(stat))) return out;
  const Entered found = enter(volume, directory.node.id, entry.d_name, stat, kListing);
  entered.push_back(found.id);
  return entry_out(volume, found, stat);
}

void list(Call& call, bool plus) {
  Volume& volume = call.volume;
  const auto* in = call.request.arg<fuse_read_in>();
  const HandleRef handle = in != nullptr ? volume.handles.find(in->fh) : nullptr;
  if (!handle || !handle->directory) return void(call.reply.error(EBADF));
  DirectoryStream& stream = *handle->stream;
  std::lock_guard guard(stream.mutex);
  const int fd = handle->fd->get();
  const int error = seek_stream(stream, fd, static_cast<int64_t>(in->offset));
  if (error != 0) return void(call.reply.error(-error));
  Listing listing(in->size);
  std::vector<NodeId> entered;
  int state = 0;
  while ((state = fill_stream(stream, fd)) == 1) {
    const dirent64& entry = *current(stream);
    if (!volume.is_hidden(handle->node.id, entry.d_name)) {
      if (!listing.fits(entry, plus ? sizeof(fuse_entry_out) : 0)) break;
      const fuse_entry_out head = plus ? plus_entry(volume, *handle, entry, entered) : fuse_entry_out{};
      listing.add(entry, volume.shown_inode({handle->node.file.dev, entry.d_ino}), plus ? &head : nullptr);
    }
    advance(stream);
  }
  if (state < 0 && listing.bytes().empty()) return void(call.reply.error(-state));
  if (call.reply.data(listing.bytes()) == 0) return;
  for (const NodeId id : entered) volume.forget(id, 1);
}

}  // namespace

void open_directory(Call& call) {
  Volume& volume = call.volume;
  Target target;
  if (!find_target(call, call.nodeid(), target)) return;
  const int opened = reopen(volume, target.path.get(), O_RDONLY | O_DIRECTORY);
  if (opened < 0) return void(call.reply.error(-opened));
  auto fd = std::make_shared<const Fd>(opened);
  if (target.node.id != kRootNode) volume.files.lend(target.node, fd);
  const HandleRef handle = make_handle(call, target.node, fd, fd, O_RDONLY, target.master);
  handle->directory = true;
  handle->stream = std::make_unique<DirectoryStream>();
  wire::OpenOut out;
  out.fh = volume.handles.add(handle);
  if (call.reply.value(out) != 0) abandon_handle(volume, out.fh);
}

void read_directory(Call& call) { list(call, false); }

void read_directory_plus(Call& call) { list(call, true); }

void release_directory(Call& call) {
  const auto* in = call.request.arg<fuse_release_in>();
  const HandleRef handle = in != nullptr ? call.volume.handles.remove(in->fh) : nullptr;
  call.reply.error(handle ? 0 : EBADF);
}

}  // namespace proxyfs::fs
