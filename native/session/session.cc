#include "session/session.h"

#include <errno.h>
#include <fcntl.h>

#include <chrono>
#include <cstdio>
#include <new>

#include "session/error.h"
#include "session/handshake.h"
#include "session/read_ahead.h"
#include "session/signals.h"

namespace proxyfs::session {

namespace {

constexpr unsigned kMostThreads = 32;
// One full request at a time while the one before is being used.
constexpr unsigned kReadAheadKib = 2 * kMaxTransfer / 1024;

// Opened before anything is mounted, so that mounting over the source itself still serves the source.
UniqueFd open_source(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  const int error = errno;
  if (!fd) throw SessionError("open-source", error, "opening the source " + path);
  return fd;
}

}  // namespace

Session::Session(SessionOptions options, fs::EventSink& events, std::function<void()> on_closed)
    : mount_point_(options.mount.mount_point), on_closed_(std::move(on_closed)) {
  UniqueFd source = open_source(options.source);
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
  } catch (...) {
    stop();
    throw;
  }
}

void Session::unmount(bool detach) {
  if (!gone_) unmount_fuse(mount_point_, info_.via, detach);
}

void Session::stop() noexcept {
  if (stopped_) return;
  stopped_ = true;
  try {
    unmount(true);
  } catch (const SessionError& error) {
    std::fprintf(stderr, "proxyfs: %s\n", error.what());
  }
  stopping_ = true;
  while (running_ > 0) {
    for (auto& reader : readers_) wake(reader.native_handle());
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  for (auto& reader : readers_) reader.join();
  kernel_.stop();
}

void Session::start_readers(unsigned count) {
  install_wake_handler();
  while (devices_.size() < count) {
    UniqueFd clone = devices_.front()->clone();
    if (!clone) break;
    devices_.push_back(std::make_unique<Device>(std::move(clone)));
  }
  readers_.reserve(count);
  for (unsigned index = 0; index < count; ++index) {
    // Without clones the readers share the first device; the kernel hands each request to one of them.
    Device& device = *devices_[index % devices_.size()];
    ++running_;
    try {
      readers_.emplace_back([this, &device, index] { serve(device, index); });
    } catch (...) {
      --running_;
      throw;
    }
  }
}

void Session::serve(Device& device, unsigned index) {
  prepare_thread(("proxyfs/" + std::to_string(index)).c_str());
  const auto storage = std::make_unique<uint64_t[]>(kBufferSize / sizeof(uint64_t));
  const std::span buffer(reinterpret_cast<std::byte*>(storage.get()), kBufferSize);
  while (!stopping_) {
    const ssize_t count = device.read(buffer);
    if (count >= 0) {
      dispatch(device, buffer.first(static_cast<size_t>(count)));
    } else if (count == -ENODEV || count == -ECONNABORTED) {
      gone_ = true;
      break;
    } else if (count != -EINTR && count != -EAGAIN && count != -ENOENT) {
      // ENOENT: the request was withdrawn while it was copied. Anything else means a dead connection.
      std::fprintf(stderr, "proxyfs: reading the FUSE device failed (errno %zd)\n", -count);
      break;
    }
  }
  if (running_.fetch_sub(1) == 1 && !stopping_) on_closed_();
}

void Session::dispatch(Device& device, std::span<const std::byte> bytes) {
  const auto request = wire::Request::parse(bytes);
  if (!request) {
    std::fprintf(stderr, "proxyfs: a request of %zu bytes could not be read\n", bytes.size());
    if (bytes.size() < sizeof(fuse_in_header)) return;
    wire::Reply(device, reinterpret_cast<const fuse_in_header*>(bytes.data())->unique).error(EIO);
    return;
  }
  wire::Reply reply(device, request->header().unique);
  try {
    answer(*request, reply);
  } catch (const std::bad_alloc&) {
    // After the answer nothing is owed to the kernel; before it, the caller learns the reason.
    if (!reply.sent()) reply.error(ENOMEM);
  }
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
      reply.none();  // every operation here is short: it ends by itself
      return;
    default:
      files_->handle(request, reply);
  }
}

}  // namespace proxyfs::session
