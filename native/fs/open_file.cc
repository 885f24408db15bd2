#include "fs/open_file.h"

#include <fcntl.h>
#include <sys/types.h>

#include <algorithm>
#include <cerrno>

namespace proxyfs::fs {

namespace {

// Below that, the calls cost more than the copying.
constexpr uint32_t kWorthSplicing = 64 * 1024;

bool reads(uint32_t flags) { return (flags & O_ACCMODE) != O_WRONLY; }
bool writes(uint32_t flags) { return (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC) != 0; }

// Counts the open if a lookup made now would give this very node; else a positive errno.
// Under the table's lock, so that a commit either finds the file busy or is seen here.
int claim(Call& call, const Target& target, uint32_t flags) {
  Volume& volume = call.volume;
  const SwapTable::Reader reader = volume.swaps.read();
  const bool retried = volume.retries.take(call.pid(), target.node.id);
  const Resolution found = reader.resolve(target.node.file, target.master);
  // ESTALE makes the kernel look the path up again: no open that begins after a commit sees the old variant,
  // even through a dentry that no notification reached.
  const bool outdated = volume.capabilities.coherent && found.serial() != target.node.serial();
  // Let through is an open that only a demotion overtook, since commits wait for it; never the proxy of a
  // master that changed.
  if (outdated && (!retried || found.unfit != Resolution::Unfit::no)) {
    volume.retries.begin(call.pid(), target.node.file);
    return ESTALE;
  }
  if (found.deny && reads(flags)) return EIO;
  volume.nodes.open(target.node.id);
  return 0;
}

// The node and its master's present state; for an ordinary master already opened, by one call, which is what
// an OPEN costs most of the time. Replies the error and returns false when there is none.
bool find_or_open(Call& call, uint32_t flags, Target& target, Fd& opened) {
  Volume& volume = call.volume;
  const auto node = volume.nodes.find(call.nodeid());
  // Truncation would come before the check that it is the right file.
  if (node && node->type == S_IFREG && !node->replacement && (flags & O_TRUNC) == 0) {
    opened = Fd(volume.files.open_by_name(*node, own_open_flags(flags), target.master));
    target.node = *node;
    if (opened) return true;
  }
  if (!find_target(call, call.nodeid(), target)) return false;
  // Reached by a descriptor that was kept, though its name may be another file's by now: the kernel looks the
  // path up again. Who opens a descriptor anew means the file that it holds, whatever became of its name.
  const uint32_t thread = call.pid();
  if (!volume.files.left_its_name(target.node)) return true;
  if (volume.retries.came_straight_back(thread, target.node.file)) return true;
  volume.retries.begin(thread, target.node.file);
  call.reply.error(ESTALE);
  return false;
}

// A descriptor of the served file, or -errno.
int open_served(Volume& volume, const Target& target, uint32_t flags) {
  if (!target.node.replacement) return reopen(volume, target.path.get(), own_open_flags(flags));
  int fd = target.node.replacement->open_checked();
  if (fd == -EMFILE) {
    volume.files.shrink();
    fd = target.node.replacement->open_checked();
  }
  if (fd >= 0 || fd < -1) return fd;
  return -ESTALE;  // gone or not what was published: the lookup that follows serves the master and says so
}

void report_open(Call& call, const Node& node) {
  Volume& volume = call.volume;
  if (!volume.swaps.read().listed(node.file)) return;
  volume.emit(EventKind::opened, volume.nodes.path(node.id), node.file, node.replacement != nullptr, call.pid());
}

bool was_written(const Handle& handle) {
  if (handle.created) return true;
  FileStat now{};
  if (stat_fd(handle.fd->get(), now) != 0) return true;
  return now.stx_size != handle.opened_size || nanoseconds(now.stx_mtime) != handle.opened_mtime_ns ||
         nanoseconds(now.stx_ctime) != handle.opened_ctime_ns;
}

void report_release(Volume& volume, const Handle& handle, const std::string& path) {
  const FileId& file = handle.node.file;
  if (handle.writable && was_written(handle)) volume.emit(EventKind::changed, path, file);
  if (volume.nodes.opens_of(file) == 0 && volume.swaps.read().listed(file)) {
    volume.emit(EventKind::idle, path, file, handle.node.replacement != nullptr);
  }
}

// FOPEN_KEEP_CACHE only for pages that cannot be old: replacements never change, masters are compared
// with what the last open saw, unless they changed so lately that a clock tick could hide a change.
bool may_keep_pages(Volume& volume, const Handle& handle, const FileStat& master) {
  if (handle.node.replacement) return true;
  constexpr int64_t kSettled = 100'000'000;
  return volume.nodes.same_content(handle.node.id, master) &&
         wall_clock_ns() - nanoseconds(master.stx_ctime) > kSettled;
}

// The kernel fills the rest of a file's last page with zeros, and a reader may meet them there in the moment in
// which a larger size is told: what grows behind the mount is read around its pages. So is what somebody has open
// for writing: the page he is adding to may have been dropped, and be read back without it. Not for writers, whose
// own pages belong to the mount.
bool bypasses_pages(Volume& volume, const Handle& handle, const FileStat& master) {
  return volume.capabilities.direct_mmap && !handle.writable && !handle.node.replacement &&
         (volume.changes_behind(handle.node.id, master) || volume.handles.has_writer(handle.node.id));
}

Backing decide_backing(Volume& volume, const Handle& handle) {
  const NodeId id = handle.node.id;
  std::lock_guard guard(volume.backing_stripe(id));
  Backing backing = volume.nodes.backing(id);
  if (backing.mode != Backing::Mode::undecided) return backing;
  backing.mode = Backing::Mode::plain;
  // Refused for example when the source is itself stacked too deep (ELOOP): then this node is read by us.
  const int number = volume.capabilities.passthrough ? volume.kernel.backing_open(handle.fd->get()) : 0;
  if (number > 0) backing = {Backing::Mode::passthrough, number};
  volume.nodes.set_backing(id, backing);
  return backing;
}

// Data everywhere and a hole at the end, which every file system may answer: pages of a mapping that were not
// written back yet would lie in what the source still calls a hole.
int64_t seek_without_holes(int fd, uint64_t offset, uint32_t whence) {
  FileStat stat{};
  if (const int error = stat_fd(fd, stat)) return error;
  if (offset >= stat.stx_size) return -ENXIO;
  return static_cast<int64_t>(whence == SEEK_DATA ? offset : stat.stx_size);
}

}  // namespace

int own_open_flags(uint32_t flags) {
  // O_DIRECT is left out: our buffers are not aligned, and passthrough applies the caller's own flags.
  constexpr uint32_t kKept = O_ACCMODE | O_APPEND | O_TRUNC | O_SYNC | O_DSYNC | O_NOATIME | O_NONBLOCK;
  return static_cast<int>(flags & kKept);
}

HandleRef make_handle(Call& call, const Node& node, SharedFd fd, SharedFd path_fd, uint32_t flags,
                      const FileStat& master) {
  auto handle = std::make_shared<Handle>();
  handle->node = node;
  handle->fd = std::move(fd);
  handle->path_fd = std::move(path_fd);
  handle->writable = writes(flags);
  handle->mappable = (flags & O_ACCMODE) == O_RDWR;
  handle->pid = call.pid();
  handle->uid = call.request.header().uid;
  handle->since_ms = wall_clock_ns() / 1'000'000;
  handle->opened_size = master.stx_size;
  handle->opened_mtime_ns = nanoseconds(master.stx_mtime);
  handle->opened_ctime_ns = nanoseconds(master.stx_ctime);
  return handle;
}

wire::OpenOut open_out(Volume& volume, Handle& handle, const FileStat& master) {
  wire::OpenOut out;
  if (!handle.writable) out.open_flags |= FOPEN_NOFLUSH;
  const Backing backing = decide_backing(volume, handle);
  handle.passthrough = backing.mode == Backing::Mode::passthrough;
  if (handle.passthrough) {
    out.open_flags |= FOPEN_PASSTHROUGH;
    out.backing_id = backing.id;
  } else if (bypasses_pages(volume, handle, master)) {
    out.open_flags |= FOPEN_DIRECT_IO;
  } else if (may_keep_pages(volume, handle, master)) {
    out.open_flags |= FOPEN_KEEP_CACHE;
  }
  return out;
}

void release_node(Volume& volume, NodeId id) {
  std::optional<FileId> gone;
  {
    std::lock_guard guard(volume.backing_stripe(id));
    const Backing backing = volume.nodes.backing(id);
    // An open that was counted meanwhile has not decided yet: it waits for this stripe and starts anew.
    if (volume.nodes.opens(id) == 1) {
      volume.nodes.set_backing(id, {});
      if (backing.mode == Backing::Mode::passthrough) volume.kernel.backing_close(backing.id);
    }
    gone = volume.nodes.close(id);
  }
  if (gone) volume.files.drop(*gone);
}

void abandon_handle(Volume& volume, uint64_t fh) {
  const HandleRef handle = volume.handles.remove(fh);
  if (handle && !handle->directory) release_node(volume, handle->node.id);
}

void open_file(Call& call) {
  Volume& volume = call.volume;
  volume.counters.opens.fetch_add(1, std::memory_order_relaxed);
  const auto* in = call.request.arg<fuse_open_in>();
  if (in == nullptr) return void(call.reply.error(EINVAL));
  Target target;
  Fd by_name;
  if (!find_or_open(call, in->flags, target, by_name)) return;
  if (const int error = claim(call, target, in->flags)) return void(call.reply.error(error));
  const NodeId id = target.node.id;
  if (target.node.replacement && writes(in->flags)) {
    release_node(volume, id);
    return refuse_write(call, target.node);
  }
  const int opened = by_name ? by_name.release() : open_served(volume, target, in->flags);
  if (opened < 0) {
    release_node(volume, id);
    return void(call.reply.error(-opened));
  }
  auto fd = std::make_shared<const Fd>(opened);
  SharedFd path_fd = target.node.replacement ? target.path.fd : fd;
  if (!target.node.replacement) volume.files.lend(target.node, fd);
  const HandleRef handle = make_handle(call, target.node, fd, std::move(path_fd), in->flags, target.master);
  wire::OpenOut out = open_out(volume, *handle, target.master);
  out.fh = volume.handles.add(handle);
  report_open(call, target.node);
  if (call.reply.value(out) != 0) abandon_handle(volume, out.fh);
}

void refuse_write(Call& call, const Node& node) {
  Volume& volume = call.volume;
  std::string path = volume.nodes.path(node.id);
  if (!volume.options.demote_writes) {
    volume.emit(EventKind::write_refused, std::move(path), node.file, true, call.pid());
    return void(call.reply.error(EROFS));
  }
  if (volume.swaps.write().demote(node.file, node.serial(), wall_clock_ns())) {
    if (const auto place = volume.nodes.place(node.id); place && volume.capabilities.coherent) {
      volume.kernel.enqueue_inval_entry(place->parent, place->name);
    }
    volume.emit(EventKind::demoted, std::move(path), node.file, false, call.pid());
  }
  call.reply.error(ESTALE);
}

void read_file(Call& call) {
  call.volume.counters.reads.fetch_add(1, std::memory_order_relaxed);
  const auto* in = call.request.arg<fuse_read_in>();
  const HandleRef handle = in != nullptr ? call.volume.handles.find(in->fh) : nullptr;
  if (!handle || handle->directory) return void(call.reply.error(EBADF));
  if (in->size >= kWorthSplicing && call.reply.file(handle->fd->get(), in->offset, in->size)) return;
  const auto buffer = scratch(in->size);
  size_t done = 0;
  while (done < buffer.size()) {
    const ssize_t got = ::pread(handle->fd->get(), buffer.data() + done, buffer.size() - done,
                                static_cast<off_t>(in->offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && done == 0) return void(call.reply.error(errno));
    if (got <= 0) break;
    done += static_cast<size_t>(got);
  }
  call.reply.data(buffer.first(done));
}

void release_file(Call& call) {
  Volume& volume = call.volume;
  const auto* in = call.request.arg<fuse_release_in>();
  const HandleRef handle = in != nullptr ? volume.handles.remove(in->fh) : nullptr;
  if (!handle) return void(call.reply.error(EBADF));
  const std::string path = volume.nodes.path(handle->node.id);
  release_node(volume, handle->node.id);
  report_release(volume, *handle, path);
  call.reply.ok();
}

void seek(Call& call) {
  const auto* in = call.request.arg<fuse_lseek_in>();
  const HandleRef handle = in != nullptr ? call.volume.handles.find(in->fh) : nullptr;
  if (!handle) return void(call.reply.error(EBADF));
  int64_t at = 0;
  if (!handle->passthrough && call.volume.handles.has_unseen_writer(handle->node.id)) {
    at = seek_without_holes(handle->fd->get(), in->offset, in->whence);
  } else {
    // Nothing else uses the position of this descriptor.
    at = ::lseek(handle->fd->get(), static_cast<off_t>(in->offset), static_cast<int>(in->whence));
    if (at < 0) at = -errno;
  }
  if (at < 0) return void(call.reply.error(static_cast<int>(-at)));
  fuse_lseek_out out{};
  out.offset = static_cast<uint64_t>(at);
  call.reply.value(out);
}

}  // namespace proxyfs::fs
