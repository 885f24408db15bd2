#include "fs/write_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace proxyfs::fs {

namespace {

constexpr int64_t kOnlyAttributes = -1;

// Bytes written, or -errno when there were none.
ssize_t write_all(int fd, std::span<const std::byte> bytes, uint64_t offset) {
  size_t done = 0;
  while (done < bytes.size()) {
    const ssize_t put = ::pwrite(fd, bytes.data() + done, bytes.size() - done, static_cast<off_t>(offset + done));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return done > 0 ? static_cast<ssize_t>(done) : -errno;
    done += static_cast<size_t>(put);
  }
  return static_cast<ssize_t>(done);
}

// Bytes copied, or -errno.
ssize_t copy(Call& call) {
  const auto* in = call.request.arg<fuse_copy_file_range_in>();
  if (in == nullptr) return -EINVAL;
  const HandleRef from = call.volume.handles.find(in->fh_in);
  const HandleRef to = call.volume.handles.find(in->fh_out);
  if (!from || !to || !to->writable) return -EBADF;
  auto from_offset = static_cast<off64_t>(in->off_in);
  auto to_offset = static_cast<off64_t>(in->off_out);
  // The old reply has 32 bits for the count, and a whole page cache range may follow: the kernel's own limit.
  const size_t length = std::min<uint64_t>(in->len, 0x7ffff000);
  const ssize_t copied = ::copy_file_range(from->fd->get(), &from_offset, to->fd->get(), &to_offset, length,
                                           static_cast<unsigned>(in->flags));
  if (copied < 0) return -errno;
  call.volume.nodes.changed_here(to->node.id, wall_clock_ns());
  // The kernel takes note of what was written, but not that the other file was read. Attributes alone take no lock
  // that this request holds, and have to be gone before its answer.
  if (call.volume.capabilities.coherent) call.volume.kernel.notify_inval_inode(from->node.id, kOnlyAttributes, 0);
  return copied;
}

}  // namespace

void write_file(Call& call) {
  call.volume.counters.writes.fetch_add(1, std::memory_order_relaxed);
  const auto* in = call.request.arg<fuse_write_in>();
  const HandleRef handle = in != nullptr ? call.volume.handles.find(in->fh) : nullptr;
  if (!handle || handle->directory) return void(call.reply.error(EBADF));
  const auto payload = call.request.payload(sizeof *in);
  if (payload.size() < in->size) return void(call.reply.error(EINVAL));
  const ssize_t written = write_all(handle->fd->get(), payload.first(in->size), in->offset);
  if (written < 0) return void(call.reply.error(static_cast<int>(-written)));
  call.volume.nodes.changed_here(handle->node.id, wall_clock_ns());
  fuse_write_out out{};
  out.size = static_cast<uint32_t>(written);
  call.reply.value(out);
}

// close() of a duplicate lets the source file system say what a close would say (a quota on NFS, say).
void flush_file(Call& call) {
  const auto* in = call.request.arg<fuse_flush_in>();
  const HandleRef handle = in != nullptr ? call.volume.handles.find(in->fh) : nullptr;
  if (!handle) return void(call.reply.error(EBADF));
  if (!handle->writable) return void(call.reply.ok());
  const int copy = ::fcntl(handle->fd->get(), F_DUPFD_CLOEXEC, 0);
  call.reply.error(copy >= 0 && ::close(copy) == 0 ? 0 : errno);
}

void sync_handle(Call& call) {
  const auto* in = call.request.arg<fuse_fsync_in>();
  const HandleRef handle = in != nullptr ? call.volume.handles.find(in->fh) : nullptr;
  if (!handle) return void(call.reply.error(EBADF));
  const bool data_only = (in->fsync_flags & FUSE_FSYNC_FDATASYNC) != 0;
  const int result = data_only ? ::fdatasync(handle->fd->get()) : ::fsync(handle->fd->get());
  call.reply.error(result == 0 ? 0 : errno);
}

void allocate(Call& call) {
  const auto* in = call.request.arg<fuse_fallocate_in>();
  const HandleRef handle = in != nullptr ? call.volume.handles.find(in->fh) : nullptr;
  if (!handle || !handle->writable) return void(call.reply.error(EBADF));
  const int result = ::fallocate(handle->fd->get(), static_cast<int>(in->mode), static_cast<off_t>(in->offset),
                                 static_cast<off_t>(in->length));
  if (result != 0) return void(call.reply.error(errno));
  call.volume.nodes.changed_here(handle->node.id, wall_clock_ns());
  call.reply.ok();
}

void copy_range(Call& call) {
  const ssize_t copied = copy(call);
  if (copied < 0) return void(call.reply.error(static_cast<int>(-copied)));
  fuse_write_out out{};
  out.size = static_cast<uint32_t>(copied);
  call.reply.value(out);
}

void copy_range_64(Call& call) {
  const ssize_t copied = copy(call);
  if (copied < 0) return void(call.reply.error(static_cast<int>(-copied)));
  call.reply.value(wire::CopyFileRangeOut{static_cast<uint64_t>(copied)});
}

}  // namespace proxyfs::fs
