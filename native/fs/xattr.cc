#include "fs/xattr.h"

#include <sys/stat.h>
#include <sys/xattr.h>

#include <cerrno>
#include <cstring>

#include "fs/attributes.h"

namespace proxyfs::fs {

namespace {

constexpr std::string_view kVirtual = "user.proxyfs.";
constexpr std::string_view kAccessAcl = "system.posix_acl_access";

// The answer to GETXATTR and LISTXATTR: the size alone when the caller's buffer has no room yet.
void reply_sized(Call& call, uint32_t room, std::span<const std::byte> bytes) {
  if (room == 0) {
    fuse_getxattr_out out{};
    out.size = static_cast<uint32_t>(bytes.size());
    return void(call.reply.value(out));
  }
  if (bytes.size() > room) return void(call.reply.error(ERANGE));
  call.reply.data(bytes);
}

// A result of (l)getxattr or listxattr into `buffer`.
void reply_result(Call& call, uint32_t room, ssize_t result, std::span<const std::byte> buffer) {
  if (result < 0) return void(call.reply.error(errno));
  if (room != 0) return void(call.reply.data(buffer.first(static_cast<size_t>(result))));
  fuse_getxattr_out out{};
  out.size = static_cast<uint32_t>(result);
  call.reply.value(out);
}

std::string reason(const Resolution& found, const SwapText& text) {
  if (found.unfit == Resolution::Unfit::guard) return "the master changed since its proxy was made";
  if (found.unfit == Resolution::Unfit::broken) return "the proxy file is missing or not what was published";
  if (found.demoted) return "demoted to its master by a write";
  return text.reason;
}

// Empty: there is no such attribute here (ENODATA).
std::string virtual_value(Volume& volume, const Target& target, std::string_view name) {
  if (name == "variant") return target.node.replacement ? "proxy" : "master";
  if (name == "master") return volume.nodes.path(target.node.id);
  const SwapText text = volume.swaps.text(target.node.file);
  if (name == "profile") return text.profile;
  if (name != "reason") return {};
  if (target.node.type == S_IFDIR) return "a directory";
  if (!text.listed) return "an ordinary file: no proxy is planned for it";
  return reason(volume.swaps.read().resolve(target.node.file, target.master), text);
}

void get_virtual(Call& call, std::string_view name, uint32_t room) {
  Target target;
  if (!find_target(call, call.nodeid(), target)) return;
  const std::string_view key = name.substr(kVirtual.size());
  std::string value = virtual_value(call.volume, target, key);
  // The root's path relative to itself: an xattr may be empty, but `.` can be used as a path.
  if (key == "master" && value.empty()) value = ".";
  if (value.empty()) return void(call.reply.error(ENODATA));
  reply_sized(call, room, std::as_bytes(std::span(value)));
}

bool is_acl(std::string_view name) {
  return name == kAccessAcl || name == "system.posix_acl_default";
}

// `trusted.` names are root's alone; the kernel keeps them from others except in a list.
size_t without_trusted(std::span<std::byte> list) {
  auto* const begin = reinterpret_cast<char*>(list.data());
  char* kept = begin;
  for (const char* at = begin; at < begin + list.size();) {
    const std::string_view name(at);
    if (!name.starts_with("trusted.")) {
      std::memmove(kept, at, name.size() + 1);
      kept += name.size() + 1;
    }
    at += name.size() + 1;
  }
  return static_cast<size_t>(kept - begin);
}

// An ACL set by somebody outside the file's group takes the set-group-id bit away; only the kernel knows
// who that is, and says so in the request.
void clear_set_group_id(int path_fd) {
  FileStat stat{};
  if (stat_fd(path_fd, stat) == 0 && (stat.stx_mode & S_ISGID) != 0) {
    ::chmod(proc_path(path_fd).c_str(), stat.stx_mode & 07777 & ~static_cast<mode_t>(S_ISGID));
  }
}

bool is_virtual(std::string_view name) { return name.starts_with(kVirtual); }

// The path by which xattr calls reach exactly this file, symbolic links included; replies the error itself.
bool find_path(Call& call, PathFd& path) {
  path = call.volume.files.open_path(call.nodeid());
  if (!path) call.reply.error(path.error);
  return static_cast<bool>(path);
}

}  // namespace

void get_xattr(Call& call) {
  const auto* in = call.request.arg<fuse_getxattr_in>();
  const auto name = in != nullptr ? call.request.name(sizeof *in) : std::nullopt;
  if (!name) return void(call.reply.error(EINVAL));
  if (is_virtual(*name)) return get_virtual(call, *name, in->size);
  PathFd path;
  if (!find_path(call, path)) return;
  const auto buffer = scratch(in->size);
  const ssize_t result =
      ::getxattr(proc_path(path.get()).c_str(), std::string(*name).c_str(), buffer.data(), buffer.size());
  // Without ACLs on the source there are none; the error would fail every permission check of the kernel.
  if (result < 0 && errno == EOPNOTSUPP && is_acl(*name)) return void(call.reply.error(ENODATA));
  reply_result(call, in->size, result, buffer);
}

// The virtual names are not listed: `cp -a` and backups copy what is listed, and could not set them.
void list_xattr(Call& call) {
  const auto* in = call.request.arg<fuse_getxattr_in>();
  if (in == nullptr) return void(call.reply.error(EINVAL));
  PathFd path;
  if (!find_path(call, path)) return;
  const auto buffer = scratch(in->size);
  ssize_t result =
      ::listxattr(proc_path(path.get()).c_str(), reinterpret_cast<char*>(buffer.data()), buffer.size());
  if (result > 0 && in->size != 0 && call.request.header().uid != 0) {
    result = static_cast<ssize_t>(without_trusted(buffer.first(static_cast<size_t>(result))));
  }
  reply_result(call, in->size, result, buffer);
}

void set_xattr(Call& call) {
  const auto* in = reinterpret_cast<const fuse_setxattr_in*>(call.request.body().data());
  const bool is_long = call.volume.capabilities.setxattr_ext;
  const size_t fixed = is_long ? wire::kSetxattrInLong : wire::kSetxattrInShort;
  const auto name = call.request.name(fixed);
  if (!name) return void(call.reply.error(EINVAL));
  const auto value = call.request.payload(fixed + name->size() + 1);
  if (value.size() < in->size) return void(call.reply.error(EINVAL));
  if (is_virtual(*name)) return void(call.reply.error(EPERM));
  PathFd path;
  if (!find_path(call, path)) return;
  const int result = ::setxattr(proc_path(path.get()).c_str(), std::string(*name).c_str(), value.data(), in->size,
                                static_cast<int>(in->flags));
  if (result != 0) return void(call.reply.error(errno));
  if (is_long && (in->setxattr_flags & FUSE_SETXATTR_ACL_KILL_SGID) != 0 && *name == kAccessAcl) {
    clear_set_group_id(path.get());
  }
  call.reply.ok();
}

void remove_xattr(Call& call) {
  const auto name = call.request.name(0);
  if (!name) return void(call.reply.error(EINVAL));
  if (is_virtual(*name)) return void(call.reply.error(EPERM));
  PathFd path;
  if (!find_path(call, path)) return;
  const int result = ::removexattr(proc_path(path.get()).c_str(), std::string(*name).c_str());
  call.reply.error(result == 0 ? 0 : errno);
}

}  // namespace proxyfs::fs
