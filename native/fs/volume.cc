#include "fs/volume.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <time.h>

#include <algorithm>
#include <cerrno>

#include "fs/invariant.h"

namespace proxyfs::fs {

namespace {

// A quarter of what the process may open: the rest belongs to handles, and to Node itself.
size_t path_fd_cap() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 64;
  return std::clamp<size_t>(limit.rlim_cur / 4, 16, 4096);
}

FileStat root_stat(int fd) {
  FileStat stat{};
  invariant(stat_fd(fd, stat) == 0 && S_ISDIR(stat.stx_mode), "the source root is not a directory");
  return stat;
}

}  // namespace

Volume::Volume(Options given, Kernel& the_kernel, EventSink& sink)
    : options(std::move(given)),
      kernel(the_kernel),
      events(sink),
      proc_fds(::open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC)),
      own_device(file_id(root_stat(options.source_fd)).dev),
      nodes(file_id(root_stat(options.source_fd)), birth_ns(root_stat(options.source_fd))),
      files(nodes, handles, Fd(options.source_fd), path_fd_cap()) {
  invariant(static_cast<bool>(proc_fds), "/proc/self/fd cannot be opened");
}

Volume::~Volume() = default;

bool Volume::is_hidden(NodeId parent, std::string_view name) const {
  return parent == kRootNode &&
         std::find(options.hidden_root_names.begin(), options.hidden_root_names.end(), name) !=
             options.hidden_root_names.end();
}

uint64_t Volume::shown_inode(const FileId& file) const {
  if (file.dev == own_device.load(std::memory_order_relaxed)) return file.ino;
  // Thirteen bits above those that numbers have in practice, and below what a double can count.
  constexpr int kFirstBit = 40;
  const uint64_t mixed = file.dev * 0x9E3779B97F4A7C15ULL;
  return file.ino ^ ((mixed >> 51 | 1) << kFirstBit);
}

void Volume::forget(NodeId id, uint64_t count) {
  counters.forgets.fetch_add(count, std::memory_order_relaxed);
  if (const auto file = nodes.forget(id, count)) files.drop(*file);
}

bool Volume::changes_behind(NodeId id, const FileStat& master) const {
  constexpr int64_t kMoment = 2'000'000'000;
  const int64_t changed = nanoseconds(master.stx_ctime);
  if (!S_ISREG(master.stx_mode) || wall_clock_ns() - changed > kMoment) return false;
  return changed > nodes.last_change_here(id);
}

void Volume::emit(EventKind kind, std::string path, const FileId& asset, bool replaced, uint32_t pid) {
  events.emit(Event{kind, std::move(path), asset, replaced, pid});
}

std::string proc_path(int fd) { return "/proc/self/fd/" + std::to_string(fd); }

int reopen(Volume& volume, int path_fd, int flags) {
  const std::string name = std::to_string(path_fd);
  int fd = ::openat(volume.proc_fds.get(), name.c_str(), flags | O_CLOEXEC | O_NOCTTY);
  if (fd < 0 && errno == EMFILE) {
    volume.files.shrink();
    fd = ::openat(volume.proc_fds.get(), name.c_str(), flags | O_CLOEXEC | O_NOCTTY);
  }
  return fd >= 0 ? fd : -errno;
}

std::span<std::byte> scratch(size_t size) {
  thread_local std::vector<std::byte> buffer;
  if (buffer.size() < size) buffer.resize(size);
  return std::span(buffer).first(size);
}

int64_t wall_clock_ns() {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

}  // namespace proxyfs::fs
