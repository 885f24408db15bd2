#include "fs/credentials.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/fsuid.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fs/invariant.h"

namespace proxyfs::fs {

namespace {

struct CapabilitySets {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct data[2]{};
};

// fsuid != 0 takes the file capabilities out of the effective set; this puts them back. By raw system
// calls: they act on this thread alone, where the C library would change all threads.
void raise_capabilities() {
  CapabilitySets sets;
  if (syscall(SYS_capget, &sets.header, sets.data) != 0) return;
  for (auto& word : sets.data) word.effective = word.permitted;
  syscall(SYS_capset, &sets.header, sets.data);
}

// The umask belongs to the process unless the thread leaves that sharing, once.
void own_umask() {
  thread_local const bool own = unshare(CLONE_FS) == 0;
  invariant(own, "a thread could not get a umask of its own");
}

}  // namespace

CallerCredentials::CallerCredentials(uint32_t uid, uint32_t gid, uint32_t umask) {
  own_umask();
  ::umask(static_cast<mode_t>(umask & 0777));
  if (geteuid() != 0 || (uid == 0 && gid == 0)) return;
  switched_ = true;
  setfsgid(gid);
  setfsuid(uid);
  if (uid != 0) raise_capabilities();
}

CallerCredentials::~CallerCredentials() {
  if (!switched_) return;
  setfsuid(0);  // also puts the file capabilities back
  setfsgid(static_cast<uint32_t>(getegid()));
}

}  // namespace proxyfs::fs
