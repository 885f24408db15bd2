// A pipe through which bytes of a file go to the FUSE device without entering this process: its buffers are
// references to the pages of the source's cache. Owned by one thread; empty between two replies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "session/fd.h"

namespace proxyfs::session {

class SplicePipe {
 public:
  // Puts a reply with up to `size` bytes of the file into the pipe, as many as there are, and returns its length.
  // Nothing when file, pipe or kernel cannot do that, or the file ends before `offset`: the pipe is empty then.
  std::optional<size_t> fill(uint64_t unique, int fd, uint64_t offset, size_t size);
  // Moves the reply of `length` bytes to the device. Returns 0 or -errno; the pipe is empty after either.
  int drain(int device, size_t length);

 private:
  bool open();
  void close();
  bool put_header(uint64_t unique, size_t size);
  bool put_file(int fd, uint64_t offset, size_t size);

  UniqueFd reading_, writing_;
  size_t room_ = 0;       // for bytes of a file, wherever in a page they begin
  bool refused_ = false;  // the user has as many pipes as he may
};

}  // namespace proxyfs::session
