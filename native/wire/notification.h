// Messages that the kernel did not ask for: "forget what you cached". Pure bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "wire/protocol.h"

namespace proxyfs::wire {

// Whole messages, header included, ready for one write() to the device.
std::vector<std::byte> inc_epoch_message();
std::vector<std::byte> inval_entry_message(uint64_t parent, std::string_view name);
// length 0 means to the end of the file; offset < 0 drops only the attributes.
std::vector<std::byte> inval_inode_message(uint64_t nodeid, int64_t offset, int64_t length);

}  // namespace proxyfs::wire
