// One mounted volume: connection, file system, reader threads, notifier, and their end.
//
// Threads: start, unmount and stop belong to one owner thread. Reader threads call fs::FileSystem
// and nothing else; the last of them to leave calls `on_closed`, once, when the mount has gone.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "fs/filesystem.h"
#include "session/device.h"
#include "session/kernel_link.h"
#include "session/mount.h"
#include "session/negotiate.h"

namespace proxyfs::session {

struct SessionOptions {
  std::string source;
  MountSpec mount;
  std::vector<std::string> hidden_root_names;
  bool demote_writes = false;
  double cache_seconds = 1.0;
  Wanted wanted;
  unsigned threads = 4;
};

struct SessionInfo {
  fs::Capabilities capabilities;
  Via via = Via::mount2;
  std::vector<std::string> notes;
};

class Session {
 public:
  // Throws SessionError; nothing is left mounted then. `events` outlives the session.
  Session(SessionOptions options, fs::EventSink& events, std::function<void()> on_closed);
  ~Session() { stop(); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const SessionInfo& info() const { return info_; }
  fs::FileSystem& files() { return *files_; }

  // Throws SessionError("unmount"). The readers end when the kernel lets go of the connection.
  void unmount(bool detach);

  // Detaches the mount if it is still there, ends and joins every thread. Callable twice; never throws.
  void stop() noexcept;

 private:
  void start_readers(unsigned count);
  void serve(Device& device, unsigned index);
  void dispatch(Device& device, std::span<const std::byte> bytes);
  void answer(const wire::Request& request, wire::Reply& reply);

  const std::string mount_point_;
  const std::function<void()> on_closed_;
  SessionInfo info_;
  KernelLink kernel_;
  // First the connection's own, then its clones; constant once the readers run.
  std::vector<std::unique_ptr<Device>> devices_;
  std::unique_ptr<fs::FileSystem> files_;  // after devices_: it gives back backing ids when it goes
  std::vector<std::thread> readers_;
  std::atomic<unsigned> running_{0};
  std::atomic<bool> stopping_{false};
  std::atomic<bool> gone_{false};  // the kernel has let go of the connection
  bool stopped_ = false;           // owner thread
};

}  // namespace proxyfs::session
