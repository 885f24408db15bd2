// How far the kernel reads ahead on a mount whose READs come to us.
#pragma once

#include <string>

namespace proxyfs::session {

// INIT can only lower the kernel's 128 KiB; its bdi entry takes more, from root. Asks nothing of the mount
// itself. Returns false when it stays as it was, which only costs speed.
bool widen_read_ahead(const std::string& mount_point, unsigned kibibytes);

}  // namespace proxyfs::session
