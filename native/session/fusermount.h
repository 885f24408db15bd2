// The way into the kernel for processes without CAP_SYS_ADMIN: the set-uid program fusermount3.
#pragma once

#include <string>

#include "session/fd.h"

namespace proxyfs::session {

struct MountSpec;

// Returns the connected device. Throws SessionError("fusermount") with what fusermount3 said.
UniqueFd fusermount_mount(const MountSpec& spec);

// Throws SessionError("unmount").
void fusermount_unmount(const std::string& mount_point, bool detach);

}  // namespace proxyfs::session
