// One mounted volume: connection, file system, reader threads, notifier, and their end.
//
// Threads: start, unmount and stop belong to one owner thread. Reader threads call fs::FileSystem
// and nothing else; the last of them to leave calls `on_closed`, once, when the mount has gone.
//
// A source that hangs (a network disk whose server is gone) holds the readers that ask it. A watch, which sleeps
// while any reader is free, then adds readers, so that killed callers are let go, what needs no source is answered,
// and the end of the mount is noticed and told.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "fs/filesystem.h"
#include "session/device.h"
#include "session/in_flight.h"
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
  ~Session() { (void)stop(); }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  const SessionInfo& info() const { return info_; }
  fs::FileSystem& files() { return *files_; }

  // Throws SessionError("unmount"). The readers end when the kernel lets go of the connection.
  // Serves what lies at the source's path now: its drive was taken away, and is back. Throws SessionError.
  void reopen_source();
  void unmount(bool detach);

  // Detaches the mount if it is still there, ends and joins every thread. Callable twice; never throws.
  // False when readers are still held by the source: the mount and its callers are let go, but this object must
  // stay until the process ends.
  [[nodiscard]] bool stop() noexcept;

 private:
  void start_readers(unsigned count);
  void add_reader();
  bool end_readers();
  void leave();
  void close_once();
  void wake_watch();
  void watch();
  // False: nothing is left to watch for now.
  bool look_after_readers();
  void add_relief();
  void serve(Device& device, unsigned index);
  void dispatch(Device& device, unsigned index, std::span<const std::byte> bytes);
  void answer(const wire::Request& request, wire::Reply& reply);

  const std::string source_;
  const std::string mount_point_;
  const std::function<void()> on_closed_;
  SessionInfo info_;
  KernelLink kernel_;
  // First the connection's own, then its clones; constant once the readers run.
  std::vector<std::unique_ptr<Device>> devices_;
  std::unique_ptr<fs::FileSystem> files_;  // after devices_: it gives back backing ids when it goes
  InFlight in_flight_;
  std::vector<std::thread> readers_;  // the owner's until the watch runs and after it has ended, else the watch's
  std::atomic<unsigned> running_{0};
  std::atomic<unsigned> idle_{0};  // readers that wait for a request
  std::atomic<bool> stopping_{false};
  std::atomic<bool> gone_{false};  // the kernel has let go of the connection
  std::atomic<bool> told_closed_{false};
  std::mutex watch_mutex_;
  std::condition_variable watch_changed_;
  std::atomic<bool> watching_{false};  // set under watch_mutex_
  bool watch_ends_ = false;            // watch_mutex_
  bool relief_refused_ = false;        // the watch's
  std::thread watch_;
  bool stopped_ = false;   // owner thread
  bool released_ = false;  // owner thread: every thread has ended
};

}  // namespace proxyfs::session
