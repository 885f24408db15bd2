#include "fs/dispatch.h"

#include <array>
#include <cerrno>

#include "fs/attributes.h"
#include "fs/create.h"
#include "fs/directory.h"
#include "fs/file_flags.h"
#include "fs/lookup.h"
#include "fs/names.h"
#include "fs/open_file.h"
#include "fs/set_attributes.h"
#include "fs/statfs.h"
#include "fs/write_file.h"
#include "fs/xattr.h"

namespace proxyfs::fs {

namespace {

using Operation = void (*)(Call&);
constexpr size_t kOpcodes = 64;

void no_reply(Call& call) { call.reply.none(); }

// What is missing gets ENOSYS, which the kernel remembers: ACCESS (default_permissions judges), GETLK and
// SETLK (the kernel keeps locks itself), BMAP, POLL.
constexpr std::array<Operation, kOpcodes> make_table() {
  std::array<Operation, kOpcodes> table{};
  table[FUSE_LOOKUP] = lookup;
  table[FUSE_FORGET] = forget;
  table[FUSE_BATCH_FORGET] = batch_forget;
  table[FUSE_INTERRUPT] = no_reply;
  table[FUSE_GETATTR] = get_attributes;
  table[wire::kStatx] = get_extended_attributes;
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
  table[FUSE_IOCTL] = control_file;
  table[FUSE_SETATTR] = set_attributes;
  table[FUSE_CREATE] = create_file;
  table[FUSE_TMPFILE] = create_unnamed_file;
  table[FUSE_MKNOD] = make_node;
  table[FUSE_MKDIR] = make_directory;
  table[FUSE_SYMLINK] = make_symlink;
  table[FUSE_UNLINK] = unlink_file;
  table[FUSE_RMDIR] = remove_directory;
  table[FUSE_RENAME] = rename_entry;
  table[FUSE_RENAME2] = rename_entry_with_flags;
  table[FUSE_LINK] = link_file;
  table[FUSE_READLINK] = read_link;
  table[FUSE_WRITE] = write_file;
  table[FUSE_FLUSH] = flush_file;
  table[FUSE_FSYNC] = sync_handle;
  table[FUSE_FSYNCDIR] = sync_handle;
  table[FUSE_FALLOCATE] = allocate;
  table[FUSE_COPY_FILE_RANGE] = copy_range;
  table[wire::kCopyFileRange64] = copy_range_64;
  table[FUSE_GETXATTR] = get_xattr;
  table[FUSE_LISTXATTR] = list_xattr;
  table[FUSE_SETXATTR] = set_xattr;
  table[FUSE_REMOVEXATTR] = remove_xattr;
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
