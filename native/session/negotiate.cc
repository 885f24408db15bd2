#include "session/negotiate.h"

#include <algorithm>
#include <cstring>

namespace proxyfs::session {

namespace {

// Each flag is asked for where the kernel has it. Left out on purpose:
// - WRITEBACK_CACHE: excludes passthrough, and lets the kernel's size win over the source's.
// - CACHE_SYMLINKS: links changed behind the mount would stay.
// - ATOMIC_O_TRUNC: truncation arrives as SETATTR, so that one place decides about writes.
// - POSIX_LOCKS, FLOCK_LOCKS: the kernel keeps locks itself for all users of this mount.
// - HANDLE_KILLPRIV(_V2): with it the kernel leaves clearing set-id bits to us, and a passthrough write,
//   which we never see and which runs with our rights, would not clear them.
constexpr uint64_t kWantedFlags =
    FUSE_ASYNC_READ | FUSE_EXPORT_SUPPORT | FUSE_BIG_WRITES | FUSE_DONT_MASK | FUSE_AUTO_INVAL_DATA |
    FUSE_DO_READDIRPLUS | FUSE_READDIRPLUS_AUTO | FUSE_ASYNC_DIO | FUSE_PARALLEL_DIROPS | FUSE_MAX_PAGES |
    FUSE_POSIX_ACL | FUSE_SETXATTR_EXT | uint64_t{FUSE_INIT_EXT} | FUSE_DIRECT_IO_ALLOW_MMAP;

constexpr uint16_t kMaxBackground = 64;
constexpr uint16_t kCongestionThreshold = 48;
// Backing files may lie on a stacked file system themselves (a container's overlayfs). The price: this
// mount cannot be a layer of an overlayfs. The kernel allows no more than 2.
constexpr uint32_t kMaxStackDepth = 2;

struct Offer {
  uint32_t major = 0;
  uint32_t minor = 0;
  uint32_t max_readahead = 0;
  uint64_t flags = 0;
};

std::optional<Offer> read_offer(const wire::Request& init) {
  if (init.opcode() != FUSE_INIT || init.body().size() < offsetof(fuse_init_in, flags2)) return std::nullopt;
  fuse_init_in in{};  // kernels before 7.36 send a shorter struct
  std::memcpy(&in, init.body().data(), std::min(sizeof in, init.body().size()));
  uint64_t flags = in.flags;
  if ((flags & FUSE_INIT_EXT) != 0) flags |= uint64_t{in.flags2} << 32;
  return Offer{in.major, in.minor, in.max_readahead, flags};
}

std::string protocol(uint32_t major, uint32_t minor) {
  return std::to_string(major) + "." + std::to_string(minor);
}

bool decide_passthrough(const Offer& offer, const Wanted& wanted, std::vector<std::string>& notes) {
  if (!wanted.passthrough) {
    notes.push_back("passthrough is switched off: reads are answered by native threads");
    return false;
  }
  if ((offer.flags & FUSE_PASSTHROUGH) == 0) {
    notes.push_back("this kernel (FUSE protocol " + protocol(offer.major, offer.minor) +
                    ") has no passthrough (Linux 6.9 or newer has): reads are answered by native threads");
    return false;
  }
  if (!wanted.cap_sys_admin) {
    notes.push_back("passthrough needs CAP_SYS_ADMIN (run as root): reads are answered by native threads");
    return false;
  }
  return true;
}

bool decide_inc_epoch(const Offer& offer, const Wanted& wanted, std::vector<std::string>& notes) {
  if (!wanted.coherent) return false;
  if (!wanted.inc_epoch) {
    notes.push_back("epochs are switched off: entries are invalidated one by one");
    return false;
  }
  if (offer.minor < wire::kMinorIncEpoch) {
    notes.push_back("this kernel (FUSE protocol " + protocol(offer.major, offer.minor) +
                    ") has no epochs (Linux 6.16 or newer has): entries are invalidated one by one");
    return false;
  }
  return true;
}

}  // namespace

std::optional<Agreement> negotiate(const wire::Request& init, const Wanted& wanted) {
  const auto offer = read_offer(init);
  if (!offer) return std::nullopt;
  Agreement agreement;
  wire::InitOut& reply = agreement.reply;
  reply.major = wire::kMajor;
  reply.minor = wire::kNewestMinor;
  if (offer->major > wire::kMajor) {
    agreement.kind = Agreement::Kind::other_major;
    return agreement;
  }
  if (offer->major < wire::kMajor || offer->minor < wire::kOldestMinor) {
    agreement.notes.push_back("this kernel speaks FUSE protocol " + protocol(offer->major, offer->minor) +
                              "; at least 7.28 (Linux 4.20) is needed");
    return agreement;
  }
  agreement.kind = Agreement::Kind::agreed;
  fs::Capabilities& capabilities = agreement.capabilities;
  capabilities.protocol_minor = std::min(offer->minor, wire::kNewestMinor);
  capabilities.coherent = wanted.coherent;
  capabilities.passthrough = decide_passthrough(*offer, wanted, agreement.notes);
  capabilities.inc_epoch = decide_inc_epoch(*offer, wanted, agreement.notes);
  capabilities.direct_mmap = (offer->flags & FUSE_DIRECT_IO_ALLOW_MMAP) != 0;
  capabilities.setxattr_ext = (offer->flags & FUSE_SETXATTR_EXT) != 0;
  capabilities.max_write = kMaxTransfer;

  const uint64_t wish = kWantedFlags | (capabilities.passthrough ? FUSE_PASSTHROUGH : 0);
  const uint64_t flags = wish & offer->flags;
  reply.max_readahead = std::min<uint32_t>(offer->max_readahead, kMaxTransfer);
  reply.flags = static_cast<uint32_t>(flags);
  reply.flags2 = static_cast<uint32_t>(flags >> 32);
  reply.max_background = kMaxBackground;
  reply.congestion_threshold = kCongestionThreshold;
  reply.max_write = kMaxTransfer;
  reply.max_pages = kMaxPages;
  reply.time_gran = 1;
  reply.max_stack_depth = capabilities.passthrough ? kMaxStackDepth : 0;
  return agreement;
}

}  // namespace proxyfs::session
