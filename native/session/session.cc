#include "session/session.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/statvfs.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <new>
#include <utility>

#include "session/error.h"
#include "session/handshake.h"
#include "session/read_ahead.h"
#include "session/scheduling.h"
#include "session/signals.h"

namespace proxyfs::session {

namespace {

constexpr unsigned kMostThreads = 32;
// Readers that the watch adds when none is free for a while.
constexpr unsigned kRelief = 4;
constexpr std::chrono::milliseconds kWatchTick{100};
constexpr std::chrono::seconds kStopPatience{3};
// One full request at a time while the one before is being used.
constexpr unsigned kReadAheadKib = 2 * kMaxTransfer / 1024;

// Opened before anything is mounted, so that mounting over the source itself still serves the source.
UniqueFd open_source(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const int error = errno;
  if (!fd) throw SessionError("open-source", error, "opening the source " + path);
  return fd;
}

bool forbids_programs(const UniqueFd& source) {
  struct statvfs stat {};
  return ::fstatvfs(source.get(), &stat) == 0 && (stat.f_flag & ST_NOEXEC) != 0;
}

}  // namespace

Session::Session(SessionOptions options, fs::EventSink& events, std::function<void()> on_closed)
    : source_(options.source), mount_point_(options.mount.mount_point), on_closed_(std::move(on_closed)) {
  UniqueFd source = open_source(options.source);
  options.mount.no_exec = forbids_programs(source);
  files_ = std::make_unique<fs::FileSystem>(fs::Options{.source_fd = source.release(),
                                                        .hidden_root_names = std::move(options.hidden_root_names),
                                                        .demote_writes = options.demote_writes,
                                                        .cache_seconds = options.cache_seconds},
                                            kernel_, events);
  options.wanted.cap_sys_admin = has_cap_sys_admin();
  Mounted mounted = mount_fuse(options.mount);
  info_.via = mounted.via;
  try {
    devices_.push_back(std::make_unique<Device>(std::move(mounted.device)));
    kernel_.connect(*devices_.front());
    Agreement agreement = shake_hands(*devices_.front(), options.wanted);
    info_.capabilities = agreement.capabilities;
    info_.notes = std::move(agreement.notes);
    files_->start(info_.capabilities);
    kernel_.start();
    if (!info_.capabilities.passthrough) widen_read_ahead(mount_point_, kReadAheadKib);
    start_readers(std::min(std::max(options.threads, 1U), kMostThreads));
    watch_ = std::thread([this] { watch(); });
  } catch (...) {
    (void)stop();
    throw;
  }
}

void Session::reopen_source() {
  const int error = files_->anchor(open_source(source_).release());
  if (error != 0) throw SessionError("open-source", -error, "opening the source " + source_);
}

void Session::unmount(bool detach) {
  if (!gone_) unmount_fuse(mount_point_, info_.via, detach);
}

bool Session::stop() noexcept {
  if (stopped_) return released_;
  stopped_ = true;
  try {
    unmount(true);
  } catch (const SessionError& error) {
    std::fprintf(stderr, "proxyfs: %s\n", error.what());
  }
  stopping_ = true;
  {
    const std::lock_guard lock(watch_mutex_);
    watch_ends_ = true;
  }
  watch_changed_.notify_all();
  if (watch_.joinable()) watch_.join();
  released_ = end_readers();
  // The kernel then answers whoever still waits, and the notifier is held by nobody's locks.
  if (!released_) {
    for (const auto& device : devices_) device->disconnect();
  }
  kernel_.stop();
  return released_;
}

bool Session::end_readers() {
  const auto deadline = std::chrono::steady_clock::now() + kStopPatience;
  while (running_ > 0) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    for (auto& reader : readers_) wake(reader.native_handle());
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  for (auto& reader : readers_) reader.join();
  return true;
}

void Session::start_readers(unsigned count) {
  install_wake_handler();
  while (devices_.size() < count) {
    UniqueFd clone = devices_.front()->clone();
    if (!clone) break;
    devices_.push_back(std::make_unique<Device>(std::move(clone)));
  }
  for (unsigned index = 0; index < count; ++index) add_reader();
}

void Session::add_reader() {
  const auto index = static_cast<unsigned>(readers_.size());
  // Without clones, and beyond them, readers share a device; the kernel hands each request to one of them.
  Device& device = *devices_[index % devices_.size()];
  ++running_;
  try {
    readers_.emplace_back([this, &device, index] { serve(device, index); });
  } catch (...) {
    --running_;
    throw;
  }
}

void Session::serve(Device& device, unsigned index) {
  prepare_thread(("proxyfs/" + std::to_string(index)).c_str());
  prefer_promptness();
  // Not cleared: memory that no large write ever used costs nothing.
  const auto storage = std::make_unique_for_overwrite<uint64_t[]>(kBufferSize / sizeof(uint64_t));
  const std::span buffer(reinterpret_cast<std::byte*>(storage.get()), kBufferSize);
  while (!stopping_) {
    ++idle_;
    const ssize_t count = device.read(buffer);
    if (--idle_ == 0) wake_watch();
    if (count >= 0) {
      dispatch(device, index, buffer.first(static_cast<size_t>(count)));
    } else if (count == -ENODEV || count == -ECONNABORTED) {
      gone_ = true;
      break;
    } else if (count != -EINTR && count != -EAGAIN && count != -ENOENT) {
      // ENOENT: the request was withdrawn while it was copied. Anything else means a dead connection.
      std::fprintf(stderr, "proxyfs: reading the FUSE device failed (errno %zd)\n", -count);
      break;
    }
  }
  leave();
}

void Session::leave() {
  if (running_.fetch_sub(1) == 1) return close_once();
  // Those that the source holds will not leave.
  wake_watch();
}

void Session::close_once() {
  if (!stopping_ && !told_closed_.exchange(true)) on_closed_();
}

void Session::wake_watch() {
  if (watching_) return;
  {
    const std::lock_guard lock(watch_mutex_);
    watching_ = true;
  }
  watch_changed_.notify_one();
}

void Session::watch() {
  prepare_thread("proxyfs/watch");
  std::unique_lock lock(watch_mutex_);
  while (!watch_ends_) {
    if (!watching_) watch_changed_.wait(lock, [this] { return watching_ || watch_ends_; });
    else watch_changed_.wait_for(lock, kWatchTick, [this] { return watch_ends_; });
    if (watch_ends_) return;
    // Set again by whoever finds no reader free from here on.
    watching_ = false;
    lock.unlock();
    const bool goes_on = look_after_readers();
    lock.lock();
    if (goes_on) watching_ = true;
  }
}

void Session::add_relief() {
  try {
    for (unsigned more = 0; more < kRelief && readers_.size() < InFlight::kMostReaders; ++more) add_reader();
    relief_refused_ = false;
  } catch (const std::exception& error) {
    // The system has no more threads or memory to give: the next look asks again.
    if (std::exchange(relief_refused_, true)) return;
    std::fprintf(stderr, "proxyfs: no reader can be added: %s\n", error.what());
  }
}

bool Session::look_after_readers() {
  const bool waiting = in_flight_.recheck();
  const unsigned stuck = in_flight_.count_stuck();
  const unsigned running = running_;
  if (gone_) {
    if (stuck > 0 && stuck >= running) close_once();
    return running > 0;
  }
  if (stuck >= running && !stopping_) add_relief();
  return waiting || stuck > 0 || idle_ == 0;
}

void Session::dispatch(Device& device, unsigned index, std::span<const std::byte> bytes) {
  const auto request = wire::Request::parse(bytes);
  if (!request) {
    std::fprintf(stderr, "proxyfs: a request of %zu bytes could not be read\n", bytes.size());
    if (bytes.size() < sizeof(fuse_in_header)) return;
    wire::Reply(device, reinterpret_cast<const fuse_in_header*>(bytes.data())->unique).error(EIO);
    return;
  }
  wire::Reply reply(device, request->header().unique);
  in_flight_.begin(index, device, request->header());
  try {
    answer(*request, reply);
  } catch (const std::bad_alloc&) {
    // After the answer nothing is owed to the kernel; before it, the caller learns the reason.
    if (!reply.sent()) reply.error(ENOMEM);
  }
  in_flight_.end(index);
}

void Session::answer(const wire::Request& request, wire::Reply& reply) {
  switch (request.opcode()) {
    case FUSE_INIT:
      reply.error(EPROTO);  // only ever the first request, which the handshake took
      return;
    case FUSE_DESTROY:
      reply.ok();
      return;
    case FUSE_INTERRUPT:
      if (const auto* in = request.arg<fuse_interrupt_in>()) {
        in_flight_.interrupted(in->unique);
        wake_watch();
      }
      reply.none();
      return;
    default:
      files_->handle(request, reply);
  }
}

}  // namespace proxyfs::session
