// What must hold or the process stops: a wrong node table serves wrong bytes, which is worse than
// a dead daemon.
#pragma once

#include <cstdio>
#include <cstdlib>

namespace proxyfs::fs {

inline void invariant(bool holds, const char* what) {
  if (holds) [[likely]]
    return;
  std::fprintf(stderr, "proxyfs: broken invariant: %s\n", what);
  std::abort();
}

}  // namespace proxyfs::fs
