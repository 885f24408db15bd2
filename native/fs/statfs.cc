#include "fs/statfs.h"

#include <fcntl.h>
#include <sys/statfs.h>

#include <cerrno>

namespace proxyfs::fs {

void stat_file_system(Call& call) {
  const PathFd path = call.volume.files.open_path(call.nodeid());
  const SharedFd any = path ? path.fd : call.volume.files.root();
  struct statfs found {};
  if (::fstatfs(any->get(), &found) != 0) return void(call.reply.error(errno));
  fuse_statfs_out out{};
  out.st.blocks = found.f_blocks;
  out.st.bfree = found.f_bfree;
  out.st.bavail = found.f_bavail;
  out.st.files = found.f_files;
  out.st.ffree = found.f_ffree;
  out.st.bsize = static_cast<uint32_t>(found.f_bsize);
  out.st.namelen = static_cast<uint32_t>(found.f_namelen);
  out.st.frsize = static_cast<uint32_t>(found.f_frsize);
  call.reply.value(out);
}

void sync_file_system(Call& call) {
  const SharedFd source = call.volume.files.root();
  const Fd root(reopen(call.volume, source->get(), O_RDONLY | O_DIRECTORY));
  if (root.get() < 0) return void(call.reply.error(-root.get()));
  call.reply.error(::syncfs(root.get()) == 0 ? 0 : errno);
}

}  // namespace proxyfs::fs
