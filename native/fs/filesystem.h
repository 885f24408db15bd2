// The file system as the session sees it: requests in, replies out, and the swap table's
// transaction. Thread-safe: any number of reader threads call handle() at the same time.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "fs/kernel.h"
#include "fs/types.h"
#include "wire/reply.h"
#include "wire/request.h"

namespace proxyfs::fs {

struct Options {
  int source_fd = -1;  // O_PATH|O_DIRECTORY of the source root; owned by FileSystem
  std::vector<std::string> hidden_root_names;
  bool demote_writes = false;
  double cache_seconds = 1.0;
};

class FileSystem {
 public:
  FileSystem(Options options, Kernel& kernel, EventSink& events);
  ~FileSystem();

  // Called once, after INIT was agreed and before the first handle().
  void start(const Capabilities& capabilities);

  // Answers one request: exactly one reply, except for FORGET, BATCH_FORGET and INTERRUPT.
  // INIT and DESTROY are the session's own.
  void handle(const wire::Request& request, wire::Reply& reply);

  // One transaction. Called from outside request threads; may send notifications.
  CommitResult commit(std::vector<SwapChange> changes);

  std::vector<HandleInfo> handles(bool only_swappable) const;
  Counters counters() const;
  // Any thread. Lets go of every descriptor that no handle and no request needs.
  void release_paths();
  // Not from a request thread. The source is what this O_PATH descriptor names: owned from here on. 0 or -errno.
  int anchor(int source_fd);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace proxyfs::fs
