#include "wire/notification.h"

namespace proxyfs::wire {

namespace {

void append(std::vector<std::byte>& message, const void* bytes, size_t count) {
  const auto* first = static_cast<const std::byte*>(bytes);
  message.insert(message.end(), first, first + count);
}

// A notification is a reply to request 0 whose error field carries the code.
std::vector<std::byte> begin(int32_t code, size_t payload) {
  const fuse_out_header header{
      .len = static_cast<uint32_t>(sizeof(fuse_out_header) + payload), .error = code, .unique = 0};
  std::vector<std::byte> message;
  message.reserve(header.len);
  append(message, &header, sizeof header);
  return message;
}

}  // namespace

std::vector<std::byte> inc_epoch_message() { return begin(kNotifyIncEpoch, 0); }

std::vector<std::byte> inval_entry_message(uint64_t parent, std::string_view name) {
  const fuse_notify_inval_entry_out out{
      .parent = parent, .namelen = static_cast<uint32_t>(name.size()), .flags = 0};
  auto message = begin(FUSE_NOTIFY_INVAL_ENTRY, sizeof out + name.size() + 1);
  append(message, &out, sizeof out);
  append(message, name.data(), name.size());
  message.push_back(std::byte{0});
  return message;
}

std::vector<std::byte> inval_inode_message(uint64_t nodeid, int64_t offset, int64_t length) {
  const fuse_notify_inval_inode_out out{.ino = nodeid, .off = offset, .len = length};
  auto message = begin(FUSE_NOTIFY_INVAL_INODE, sizeof out);
  append(message, &out, sizeof out);
  return message;
}

}  // namespace proxyfs::wire
