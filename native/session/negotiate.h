// What INIT agrees on, as a pure function of what the kernel offers and what is wanted.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "fs/kernel.h"
#include "wire/request.h"

namespace proxyfs::session {

// 256 pages: the most the kernel takes in one request by default (fs.fuse.max_pages_limit).
inline constexpr uint16_t kMaxPages = 256;
inline constexpr uint32_t kMaxTransfer = kMaxPages * 4096;
// Reads are asked for in smaller pieces: they fit a pipe of a size that everybody may have, and several are
// under way at once.
inline constexpr uint32_t kMaxRead = 64 * 4096;
// The header and the largest fixed struct lie before the data of a WRITE.
inline constexpr size_t kBufferSize = kMaxTransfer + 4096;

struct Wanted {
  bool passthrough = true;
  bool inc_epoch = true;
  bool coherent = true;
  bool cap_sys_admin = true;
};

struct Agreement {
  enum class Kind { agreed, other_major, unusable } kind = Kind::unusable;
  wire::InitOut reply;
  fs::Capabilities capabilities;
  // Why something is not in use, one sentence each.
  std::vector<std::string> notes;
};

// nullopt when the request is not a whole INIT. `other_major`: send `reply` and expect a second INIT.
std::optional<Agreement> negotiate(const wire::Request& init, const Wanted& wanted);

}  // namespace proxyfs::session
