#include "fs/names.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <optional>

#include "fs/create.h"
#include "fs/credentials.h"
#include "fs/lookup.h"

namespace proxyfs::fs {

namespace {

// An existing (or future) name: its directory, and what it stands for when something is there.
struct Name {
  NodeId parent = 0;
  std::string name;
  PathFd directory;
  std::optional<FileStat> found;
};

// Positive errno, or 0.
int find_name(Volume& volume, NodeId parent, std::optional<std::string_view> name, int when_hidden, Name& out) {
  const int bad = name ? check_name(volume, parent, *name, when_hidden) : EINVAL;
  if (bad != 0) return bad;
  out.parent = parent;
  out.name = *name;
  out.directory = volume.files.open_path(parent);
  if (!out.directory) return out.directory.error;
  FileStat stat{};
  if (stat_at(out.directory.get(), out.name.c_str(), stat) == 0) out.found = stat;
  return 0;
}

// Keeps a descriptor of what is about to lose this name, when the kernel knows it: somebody may hold it
// open, and by name it could not be reached again.
SharedFd hold(Volume& volume, const Name& name) {
  if (!name.found || !volume.nodes.has(file_id(*name.found))) return nullptr;
  Fd fd(::openat(name.directory.get(), name.name.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC));
  FileStat stat{};
  if (!fd || stat_fd(fd.get(), stat) != 0 || !(file_id(stat) == file_id(*name.found))) return nullptr;
  return std::make_shared<const Fd>(std::move(fd));
}

// What has another name may stay known to the kernel by that for ever: its descriptor is one among those that are
// kept as long as there is room, and without it the kernel finds the other name by itself.
void lose_name(Volume& volume, const Name& name, const SharedFd& held) {
  if (!held) return;
  FileStat left{};
  const bool has_more = !S_ISDIR(name.found->stx_mode) && stat_fd(held->get(), left) == 0 && left.stx_nlink > 0;
  if (has_more) volume.files.keep(Node{0, file_id(left), birth_ns(left), 0, nullptr}, held);
  volume.nodes.detached(file_id(*name.found), name.parent, name.name, has_more ? nullptr : held);
}

void report(Volume& volume, const Name& name) {
  volume.emit(EventKind::changed, volume.nodes.path_of(name.parent, name.name),
              name.found ? file_id(*name.found) : FileId{});
}

void remove(Call& call, int flags) {
  Volume& volume = call.volume;
  Name name;
  if (const int error = find_name(volume, call.nodeid(), call.request.name(0), ENOENT, name)) {
    return void(call.reply.error(error));
  }
  const SharedFd held = hold(volume, name);
  if (::unlinkat(name.directory.get(), name.name.c_str(), flags) != 0) return void(call.reply.error(errno));
  lose_name(volume, name, held);
  report(volume, name);
  call.reply.ok();
}

// What was at `from` is at `to` now; with an exchange, also the other way round.
void move_nodes(Volume& volume, const Name& from, const Name& to, const SharedFd& overwritten, uint32_t flags) {
  const bool exchanged = (flags & RENAME_EXCHANGE) != 0;
  // Two names of one file: rename leaves both where they are.
  if (from.found && to.found && file_id(*from.found) == file_id(*to.found)) return;
  if (!exchanged) lose_name(volume, to, overwritten);
  const int64_t now = wall_clock_ns();
  if (from.found) volume.nodes.moved(file_id(*from.found), to.parent, to.name, now);
  if (exchanged && to.found) volume.nodes.moved(file_id(*to.found), from.parent, from.name, now);
}

// A whiteout left behind is a new file: its owner is the caller, like that of everything made here.
int rename_as_caller(const Call& call, const Name& from, const Name& to, uint32_t flags) {
  std::optional<CallerCredentials> caller;
  if ((flags & RENAME_WHITEOUT) != 0) caller.emplace(call.request.header().uid, call.request.header().gid, 0);
  const int done = ::renameat2(from.directory.get(), from.name.c_str(), to.directory.get(), to.name.c_str(), flags);
  return done == 0 ? 0 : errno;
}

void rename(Call& call, NodeId new_parent, size_t names_at, uint32_t flags) {
  Volume& volume = call.volume;
  Name from;
  Name to;
  int error = find_name(volume, call.nodeid(), call.request.name(names_at), ENOENT, from);
  if (error == 0) error = find_name(volume, new_parent, call.request.name(names_at, 1), EPERM, to);
  if (error != 0) return void(call.reply.error(error));
  const SharedFd overwritten = (flags & RENAME_EXCHANGE) == 0 ? hold(volume, to) : nullptr;
  if (const int error = rename_as_caller(call, from, to, flags)) return void(call.reply.error(error));
  move_nodes(volume, from, to, overwritten, flags);
  report(volume, from);
  report(volume, to);
  call.reply.ok();
}

}  // namespace

void unlink_file(Call& call) { remove(call, 0); }

void remove_directory(Call& call) { remove(call, AT_REMOVEDIR); }

void rename_entry(Call& call) {
  const auto* in = call.request.arg<fuse_rename_in>();
  if (in == nullptr) return void(call.reply.error(EINVAL));
  rename(call, in->newdir, sizeof *in, 0);
}

void rename_entry_with_flags(Call& call) {
  const auto* in = call.request.arg<fuse_rename2_in>();
  if (in == nullptr) return void(call.reply.error(EINVAL));
  rename(call, in->newdir, sizeof *in, in->flags);
}

void link_file(Call& call) {
  Volume& volume = call.volume;
  const auto* in = call.request.arg<fuse_link_in>();
  if (in == nullptr) return void(call.reply.error(EINVAL));
  Name to;
  if (const int error = find_name(volume, call.nodeid(), call.request.name(sizeof *in), EPERM, to)) {
    return void(call.reply.error(error));
  }
  const PathFd file = volume.files.open_path(in->oldnodeid);
  if (!file) return void(call.reply.error(file.error));
  const std::string number = std::to_string(file.get());
  if (::linkat(volume.proc_fds.get(), number.c_str(), to.directory.get(), to.name.c_str(), AT_SYMLINK_FOLLOW) != 0) {
    return void(call.reply.error(errno));
  }
  report(volume, to);
  reply_entry(call, to.directory.get(), call.nodeid(), to.name);
}

void read_link(Call& call) {
  const PathFd path = call.volume.files.open_path(call.nodeid());
  if (!path) return void(call.reply.error(path.error));
  const auto buffer = scratch(PATH_MAX);
  const ssize_t length = ::readlinkat(path.get(), "", reinterpret_cast<char*>(buffer.data()), buffer.size());
  if (length < 0) return void(call.reply.error(errno));
  call.reply.data(buffer.first(static_cast<size_t>(length)));
}

}  // namespace proxyfs::fs
