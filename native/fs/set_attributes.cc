#include "fs/set_attributes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "fs/open_file.h"

namespace proxyfs::fs {

namespace {

constexpr uint32_t kTimes = FATTR_ATIME | FATTR_MTIME;

int64_t given_mtime(const fuse_setattr_in& in) {
  return static_cast<int64_t>(in.mtime * 1'000'000'000U + in.mtimensec);
}

bool is_own_thread(uint32_t thread) { return ::syscall(SYS_tgkill, ::getpid(), thread, 0) == 0; }

// After a flip the control plane sets the times of a path to what they are, so that inotify users of the
// mount wake up (IN_ATTRIB). That must change nothing on the master, whose mtime is part of the guard.
// - This process sets times for no other end, and what it read a moment ago may be untrue by now: somebody who
//   writes to the master at this time would find an earlier mtime, and the guard a file that has not changed.
// - A replaced path shows times that are not the master's, so no time can be set on it at all: success,
//   and nothing happens.
// - An asset that is served itself ignores an mtime within a millisecond of its own (the precision that
//   survives a JavaScript Date); any other time is set.
bool is_nudge(Volume& volume, const Target& target, const fuse_setattr_in& in, uint32_t thread) {
  if ((in.valid & kTimes) == 0) return false;
  if (target.node.replacement || is_own_thread(thread)) return true;
  if ((in.valid & FATTR_MTIME) == 0 || (in.valid & FATTR_MTIME_NOW) != 0) return false;
  // Unsigned: times may be so far apart that the difference does not fit.
  const auto present = static_cast<uint64_t>(nanoseconds(target.master.stx_mtime));
  const uint64_t apart = static_cast<uint64_t>(given_mtime(in)) - present;
  constexpr uint64_t kPrecision = 1'001'000;
  if (apart > kPrecision && 0 - apart > kPrecision) return false;
  return volume.swaps.read().listed(target.node.file);
}

timespec time_for(uint32_t valid, uint32_t given, uint32_t now, uint64_t seconds, uint32_t nanoseconds) {
  if ((valid & given) == 0) return {0, UTIME_OMIT};
  if ((valid & now) != 0) return {0, UTIME_NOW};
  return {static_cast<time_t>(seconds), static_cast<long>(nanoseconds)};
}

int set_times(const Target& target, const fuse_setattr_in& in) {
  const timespec times[2] = {time_for(in.valid, FATTR_ATIME, FATTR_ATIME_NOW, in.atime, in.atimensec),
                             time_for(in.valid, FATTR_MTIME, FATTR_MTIME_NOW, in.mtime, in.mtimensec)};
  if (utimensat(target.path.get(), "", times, AT_EMPTY_PATH) == 0) return 0;
  if (errno != EINVAL) return errno;  // EINVAL: a kernel older than 5.8 knows no AT_EMPTY_PATH here
  return utimensat(AT_FDCWD, proc_path(target.path.get()).c_str(), times, 0) == 0 ? 0 : errno;
}

int set_owner(const Target& target, const fuse_setattr_in& in) {
  const uid_t uid = (in.valid & FATTR_UID) != 0 ? in.uid : static_cast<uid_t>(-1);
  const gid_t gid = (in.valid & FATTR_GID) != 0 ? in.gid : static_cast<gid_t>(-1);
  return fchownat(target.path.get(), "", uid, gid, AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW) == 0 ? 0 : errno;
}

int set_mode(const Target& target, const fuse_setattr_in& in) {
  return chmod(proc_path(target.path.get()).c_str(), in.mode & 07777) == 0 ? 0 : errno;
}

int set_size(Call& call, const Target& target, const fuse_setattr_in& in) {
  const auto size = static_cast<off_t>(in.size);
  if ((in.valid & FATTR_FH) != 0) {
    const HandleRef handle = call.volume.handles.find(in.fh);
    if (handle && handle->writable) return ftruncate(handle->fd->get(), size) == 0 ? 0 : errno;
  }
  return truncate(proc_path(target.path.get()).c_str(), size) == 0 ? 0 : errno;
}

// Owner before mode: a change of owner clears the set-id bits that the mode may bring back.
int apply(Call& call, const Target& target, const fuse_setattr_in& in) {
  int error = 0;
  // Nothing at all is what chown(-1, -1) leaves of itself: it still advances ctime.
  if ((in.valid & (FATTR_UID | FATTR_GID)) != 0 || in.valid == 0) error = set_owner(target, in);
  if (error == 0 && (in.valid & FATTR_MODE) != 0) error = set_mode(target, in);
  if (error == 0 && (in.valid & FATTR_SIZE) != 0) error = set_size(call, target, in);
  const bool sets_times = (in.valid & kTimes) != 0 && !is_nudge(call.volume, target, in, call.pid());
  if (error == 0 && sets_times) error = set_times(target, in);
  return error;
}

}  // namespace

void set_attributes(Call& call) {
  const auto* in = call.request.arg<fuse_setattr_in>();
  if (in == nullptr) return void(call.reply.error(EINVAL));
  Target target;
  if (!find_target(call, call.nodeid(), target)) return;
  if (target.node.replacement && (in->valid & FATTR_SIZE) != 0) return refuse_write(call, target.node);
  int error = apply(call, target, *in);
  if (error == 0) error = -stat_fd(target.path.get(), target.master);
  if (error != 0) return void(call.reply.error(error));
  // Whatever it was, ctime has advanced by our own hand.
  call.volume.nodes.changed_here(target.node.id, wall_clock_ns());
  // A truncation through a handle is reported when that handle closes.
  if ((in->valid & FATTR_SIZE) != 0 && (in->valid & FATTR_FH) == 0) {
    call.volume.emit(EventKind::changed, call.volume.nodes.path(target.node.id), target.node.file);
  }
  reply_attributes(call, target.master, target.node.replacement.get(), flip_time(call.volume, target));
}

}  // namespace proxyfs::fs
