#include "session/mount.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdio>

#include "session/device.h"
#include "session/error.h"
#include "session/fusermount.h"
#include "session/negotiate.h"

namespace proxyfs::session {

namespace {

Mounted mount_directly(const MountSpec& spec) {
  UniqueFd device = Device::open();
  // The kernel wants the type of the root; fuse only ever mounts over a directory here.
  std::string options = "fd=" + std::to_string(device.get()) + ",rootmode=40000,user_id=" + std::to_string(geteuid()) +
                        ",group_id=" + std::to_string(getegid()) + ",default_permissions,max_read=" +
                        std::to_string(kMaxRead);
  if (spec.allow_other) options += ",allow_other";
  const unsigned long flags = MS_NOSUID | MS_NODEV | (spec.no_exec ? MS_NOEXEC : 0);
  const int done = ::mount(spec.fs_name.c_str(), spec.mount_point.c_str(), "fuse.proxyfs", flags, options.c_str());
  const int error = errno;
  if (done != 0) throw SessionError("mount", error, "mounting on " + spec.mount_point);
  return {std::move(device), Via::mount2};
}

}  // namespace

Mounted mount_fuse(const MountSpec& spec) {
  if (spec.direct && has_cap_sys_admin()) return mount_directly(spec);
  return {fusermount_mount(spec), Via::fusermount3};
}

void unmount_fuse(const std::string& mount_point, Via via, bool detach) {
  if (via == Via::fusermount3 && !has_cap_sys_admin()) return fusermount_unmount(mount_point, detach);
  if (::umount2(mount_point.c_str(), UMOUNT_NOFOLLOW | (detach ? MNT_DETACH : 0)) == 0) return;
  const int error = errno;
  if (error != EINVAL) throw SessionError("unmount", error, "unmounting " + mount_point);
}

bool has_cap_sys_admin() {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  __user_cap_data_struct data[2] = {};
  if (::syscall(SYS_capget, &header, data) != 0) return false;
  return (data[CAP_TO_INDEX(CAP_SYS_ADMIN)].effective & CAP_TO_MASK(CAP_SYS_ADMIN)) != 0;
}

}  // namespace proxyfs::session
