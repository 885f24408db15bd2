#include "fs/dispatch.h"

#include <array>
#include <cerrno>

#include "fs/attributes.h"
#include "fs/directory.h"
#include "fs/lookup.h"
#include "fs/open_file.h"
#include "fs/statfs.h"

namespace proxyfs::fs {

namespace {

using Operation = void (*)(Call&);
constexpr size_t kOpcodes = 64;

void no_reply(Call& call) { call.reply.none(); }
void not_a_terminal(Call& call) { call.reply.error(ENOTTY); }

// What is missing gets ENOSYS, which the kernel remembers: ACCESS (default_permissions judges), GETLK and
// SETLK (the kernel keeps locks itself), BMAP, POLL.
constexpr std::array<Operation, kOpcodes> make_table() {
  std::array<Operation, kOpcodes> table{};
  table[FUSE_LOOKUP] = lookup;
  table[FUSE_FORGET] = forget;
  table[FUSE_BATCH_FORGET] = batch_forget;
  table[FUSE_INTERRUPT] = no_reply;
  table[FUSE_GETATTR] = get_attributes;
  table[FUSE_OPEN] = open_file;
  table[FUSE_READ] = read_file;
  table[FUSE_RELEASE] = release_file;
  table[FUSE_LSEEK] = seek;
  table[FUSE_OPENDIR] = open_directory;
  table[FUSE_READDIR] = read_directory;
  table[FUSE_READDIRPLUS] = read_directory_plus;
  table[FUSE_RELEASEDIR] = release_directory;
  table[FUSE_STATFS] = stat_file_system;
  table[FUSE_SYNCFS] = sync_file_system;
  table[FUSE_IOCTL] = not_a_terminal;
  return table;
}

constexpr auto kTable = make_table();

}  // namespace

void dispatch(Call& call) {
  const uint32_t opcode = call.request.opcode();
  const Operation operation = opcode < kOpcodes ? kTable[opcode] : nullptr;
  if (operation == nullptr) return void(call.reply.error(ENOSYS));
  operation(call);
}

}  // namespace proxyfs::fs
