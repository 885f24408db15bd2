#include "fs/create.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "fs/credentials.h"
#include "fs/lookup.h"
#include "fs/open_file.h"

namespace proxyfs::fs {

namespace {

struct Place {
  PathFd parent;
  std::string name;
};

// The parent's descriptor and the new name; replies the error itself.
std::optional<Place> new_place(Call& call, std::optional<std::string_view> name) {
  const int error = name ? check_name(call.volume, call.nodeid(), *name, EPERM) : EINVAL;
  if (error != 0) {
    call.reply.error(error);
    return std::nullopt;
  }
  Place place{call.volume.files.open_path(call.nodeid()), std::string(*name)};
  if (place.parent) return place;
  call.reply.error(place.parent.error);
  return std::nullopt;
}

CallerCredentials caller(const Call& call, uint32_t umask) {
  return CallerCredentials(call.request.header().uid, call.request.header().gid, umask);
}

// Replies with the entry of what was just made and reports the change.
void reply_made(Call& call, const Place& place) {
  call.volume.emit(EventKind::changed, call.volume.nodes.path_of(call.nodeid(), place.name));
  reply_entry(call, place.parent.get(), call.nodeid(), place.name);
}

// Makes place/name and opens it. -ESTALE when it appeared meanwhile: the kernel then looks it up, judges whether
// the caller may open it, truncates it where that is asked for, and sends an OPEN, which knows about replacements.
int create_and_open(Volume& volume, const Place& place, const fuse_create_in& in) {
  const int flags = own_open_flags(in.flags) | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  int fd = ::openat(place.parent.get(), place.name.c_str(), flags, in.mode & 07777);
  if (fd < 0 && (errno == EMFILE || errno == ENFILE)) {
    volume.files.shrink();
    fd = ::openat(place.parent.get(), place.name.c_str(), flags, in.mode & 07777);
  }
  if (fd >= 0) return fd;
  return errno == EEXIST && (in.flags & O_EXCL) == 0 ? -ESTALE : -errno;
}

// Node and handle for a file that this request has just made, replied as entry and open together.
void reply_created(Call& call, const std::string& name, int opened, uint32_t flags, bool named) {
  Volume& volume = call.volume;
  auto fd = std::make_shared<const Fd>(opened);
  FileStat stat{};
  if (const int error = stat_fd(opened, stat)) return void(call.reply.error(-error));
  const Entered entered = enter(volume, call.nodeid(), name, stat, call.pid());
  volume.nodes.open(entered.id);
  volume.nodes.changed_here(entered.id, wall_clock_ns());
  const Node node{entered.id, file_id(stat), birth_ns(stat), S_IFREG, entered.replacement};
  if (named) {
    volume.files.lend(node, fd);
  } else {
    volume.nodes.detached(node.file, call.nodeid(), name, fd);
  }
  const HandleRef handle = make_handle(call, node, fd, fd, flags, stat);
  handle->created = named;
  wire::OpenOut out = open_out(volume, *handle, stat);
  out.fh = volume.handles.add(handle);
  if (named) volume.emit(EventKind::changed, volume.nodes.path(entered.id), node.file);
  if (call.reply.values(entry_out(volume, entered, stat), out) == 0) return;
  abandon_handle(volume, out.fh);
  volume.forget(entered.id, 1);
}

}  // namespace

int check_name(const Volume& volume, NodeId parent, std::string_view name, int when_hidden) {
  if (name.empty() || name == "." || name == ".." || name.find('/') != name.npos) return EINVAL;
  return volume.is_hidden(parent, name) ? when_hidden : 0;
}

void create_file(Call& call) {
  call.volume.counters.opens.fetch_add(1, std::memory_order_relaxed);
  const auto* in = call.request.arg<fuse_create_in>();
  if (in == nullptr) return void(call.reply.error(EINVAL));
  const auto place = new_place(call, call.request.name(sizeof *in));
  if (!place) return;
  int fd = -1;
  {
    const CallerCredentials as_caller = caller(call, in->umask);
    fd = create_and_open(call.volume, *place, *in);
  }
  if (fd < 0) return void(call.reply.error(-fd));
  reply_created(call, place->name, fd, in->flags, true);
}

void create_unnamed_file(Call& call) {
  const auto* in = call.request.arg<fuse_create_in>();
  const auto name = in != nullptr ? call.request.name(sizeof *in) : std::nullopt;
  if (!name) return void(call.reply.error(EINVAL));
  const PathFd parent = call.volume.files.open_path(call.nodeid());
  if (!parent) return void(call.reply.error(parent.error));
  int fd = -1;
  {
    const CallerCredentials as_caller = caller(call, in->umask);
    const int exclusive = static_cast<int>(in->flags & O_EXCL);  // may never be linked into the tree
    fd = ::openat(parent.get(), ".", own_open_flags(in->flags) | O_TMPFILE | exclusive | O_CLOEXEC, in->mode & 07777);
    if (fd < 0) fd = -errno;
  }
  if (fd < 0) return void(call.reply.error(-fd));
  reply_created(call, std::string(*name), fd, in->flags, false);
}

void make_node(Call& call) {
  const auto* in = call.request.arg<fuse_mknod_in>();
  if (in == nullptr) return void(call.reply.error(EINVAL));
  const auto place = new_place(call, call.request.name(sizeof *in));
  if (!place) return;
  // The request packs the device number as the kernel does (new_encode_dev).
  const dev_t device = makedev((in->rdev & 0xfff00) >> 8, (in->rdev & 0xff) | ((in->rdev >> 12) & 0xfff00));
  int error = 0;
  {
    const CallerCredentials as_caller = caller(call, in->umask);
    if (::mknodat(place->parent.get(), place->name.c_str(), in->mode, device) != 0) error = errno;
  }
  if (error != 0) return void(call.reply.error(error));
  reply_made(call, *place);
}

void make_directory(Call& call) {
  const auto* in = call.request.arg<fuse_mkdir_in>();
  if (in == nullptr) return void(call.reply.error(EINVAL));
  const auto place = new_place(call, call.request.name(sizeof *in));
  if (!place) return;
  int error = 0;
  {
    const CallerCredentials as_caller = caller(call, in->umask);
    if (::mkdirat(place->parent.get(), place->name.c_str(), in->mode & 07777) != 0) error = errno;
  }
  if (error != 0) return void(call.reply.error(error));
  reply_made(call, *place);
}

void make_symlink(Call& call) {
  const auto place = new_place(call, call.request.name(0));
  if (!place) return;
  const auto target = call.request.name(0, 1);
  if (!target) return void(call.reply.error(EINVAL));
  int error = 0;
  {
    const CallerCredentials as_caller = caller(call, 0);
    if (::symlinkat(std::string(*target).c_str(), place->parent.get(), place->name.c_str()) != 0) error = errno;
  }
  if (error != 0) return void(call.reply.error(error));
  reply_made(call, *place);
}

}  // namespace proxyfs::fs
