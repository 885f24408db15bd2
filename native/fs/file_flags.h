// IOCTL, as far as a file system answers it: the flags that lsattr, chattr and project quotas use.
// Everything else is ENOTTY, as for a file that is no device.
#pragma once

#include "fs/volume.h"

namespace proxyfs::fs {

void control_file(Call& call);

}  // namespace proxyfs::fs
