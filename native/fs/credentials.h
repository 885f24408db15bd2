// Who a new file belongs to, and with which umask it is made.
#pragma once

#include <cstdint>

namespace proxyfs::fs {

// While it lives, this thread creates files as the caller of the request: fsuid, fsgid and umask.
//
// The kernel has already judged the caller's permission (default_permissions), supplementary groups
// included, so capabilities stay raised: only the ownership of what is created is the caller's. The umask
// goes to the source file system, which ignores it where the directory has a default ACL, as it must.
// Without root only the user who mounted can get here, and nothing is changed but the umask.
class CallerCredentials {
 public:
  CallerCredentials(uint32_t uid, uint32_t gid, uint32_t umask);
  CallerCredentials(const CallerCredentials&) = delete;
  CallerCredentials& operator=(const CallerCredentials&) = delete;
  ~CallerCredentials();

 private:
  bool switched_ = false;
};

}  // namespace proxyfs::fs
