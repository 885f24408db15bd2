// Attaching a FUSE connection to a mount point, and taking it away again.
// Both ways block only on the kernel and on fusermount3, never on the mount itself.
#pragma once

#include <string>

#include "session/fd.h"

namespace proxyfs::session {

enum class Via { mount2, fusermount3 };

struct MountSpec {
  std::string mount_point;
  std::string fs_name;  // first field of /proc/mounts
  bool allow_other = false;
  bool no_exec = false;  // as where the source lies
  bool direct = true;  // mount(2) where the process may; else fusermount3
};

struct Mounted {
  UniqueFd device;
  Via via = Via::mount2;
};

// Throws SessionError with step open-device, mount or fusermount.
Mounted mount_fuse(const MountSpec& spec);

// Throws SessionError("unmount"); `detach` is lazy. An already unmounted point is not an error (EINVAL).
void unmount_fuse(const std::string& mount_point, Via via, bool detach);

// Whether this process holds CAP_SYS_ADMIN.
bool has_cap_sys_admin();

}  // namespace proxyfs::session
