#include "fs/file_flags.h"

#include <linux/fs.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>

namespace proxyfs::fs {

namespace {

// The kernel has judged who may set which flag (vfs_fileattr_set); the argument travels by value, with the
// size that the command has there: the number of FS_IOC_GETFLAGS is a long's, its value an int's.
size_t argument_size(uint32_t command) {
  switch (command) {
    case FS_IOC_GETFLAGS:
    case FS_IOC_SETFLAGS:
      return sizeof(uint32_t);
    case FS_IOC_FSGETXATTR:
    case FS_IOC_FSSETXATTR:
      return sizeof(fsxattr);
    default:
      return 0;
  }
}

bool is_change(uint32_t command) { return command == FS_IOC_SETFLAGS || command == FS_IOC_FSSETXATTR; }

}  // namespace

void control_file(Call& call) {
  const auto* in = call.request.arg<fuse_ioctl_in>();
  const HandleRef handle = in != nullptr ? call.volume.handles.find(in->fh) : nullptr;
  if (!handle) return void(call.reply.error(EBADF));
  const size_t size = argument_size(in->cmd);
  if (size == 0 || (in->flags & FUSE_IOCTL_UNRESTRICTED) != 0) return void(call.reply.error(ENOTTY));
  if (is_change(in->cmd) && handle->node.replacement) return void(call.reply.error(EROFS));
  alignas(fsxattr) std::array<std::byte, sizeof(fsxattr)> argument{};
  const auto given = call.request.payload(sizeof *in);
  std::copy_n(given.begin(), std::min({given.size(), size, size_t{in->in_size}}), argument.begin());
  if (::ioctl(handle->fd->get(), in->cmd, argument.data()) != 0) return void(call.reply.error(errno));
  const size_t out_size = std::min(size, size_t{in->out_size});
  call.reply.head_and_data(fuse_ioctl_out{}, std::span(argument).first(out_size));
}

}  // namespace proxyfs::fs
