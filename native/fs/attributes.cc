#include "fs/attributes.h"

#include <algorithm>
#include <cerrno>

namespace proxyfs::fs {

namespace {

void set_time(int64_t ns, uint64_t& seconds, uint32_t& rest) {
  int64_t whole = ns / 1'000'000'000;
  int64_t part = ns % 1'000'000'000;
  if (part < 0) {
    part += 1'000'000'000;
    --whole;
  }
  seconds = static_cast<uint64_t>(whole);
  rest = static_cast<uint32_t>(part);
}

wire::SxTime extended_time(int64_t ns) {
  uint64_t seconds = 0;
  wire::SxTime out;
  set_time(ns, seconds, out.tv_nsec);
  out.tv_sec = static_cast<int64_t>(seconds);
  return out;
}

// The kernel's own packing of device numbers in FUSE attributes (new_encode_dev).
uint32_t encode_device(uint32_t major, uint32_t minor) {
  return (minor & 0xff) | (major << 8) | ((minor & ~0xffU) << 12);
}

}  // namespace

fuse_attr attributes(const FileStat& master, const Replacement* served, int64_t flip_ns) {
  fuse_attr out{};
  out.ino = master.stx_ino;
  out.size = served ? served->facts().size : master.stx_size;
  out.blocks = served ? served->facts().blocks : master.stx_blocks;
  out.blksize = served ? served->facts().block_size : master.stx_blksize;
  out.mode = master.stx_mode;
  out.nlink = master.stx_nlink;
  out.uid = master.stx_uid;
  out.gid = master.stx_gid;
  out.rdev = encode_device(master.stx_rdev_major, master.stx_rdev_minor);
  set_time(nanoseconds(master.stx_atime), out.atime, out.atimensec);
  set_time(served ? served->mtime_ns() : nanoseconds(master.stx_mtime), out.mtime, out.mtimensec);
  set_time(std::max(nanoseconds(master.stx_ctime), flip_ns), out.ctime, out.ctimensec);
  return out;
}

void set_timeout(const Volume& volume, uint64_t& seconds, uint32_t& nanoseconds) {
  seconds = static_cast<uint64_t>(volume.options.cache_seconds);
  nanoseconds = static_cast<uint32_t>((volume.options.cache_seconds - static_cast<double>(seconds)) * 1e9);
}

void set_attribute_timeout(const Volume& volume, NodeId id, const FileStat& master, const Replacement* served,
                           uint64_t& seconds, uint32_t& nanoseconds) {
  set_timeout(volume, seconds, nanoseconds);
  if (!served && volume.changes_behind(id, master)) seconds = nanoseconds = 0;
}

int reply_attributes(Call& call, const FileStat& master, const Replacement* served, int64_t flip_ns) {
  fuse_attr_out out{};
  set_attribute_timeout(call.volume, call.nodeid(), master, served, out.attr_valid, out.attr_valid_nsec);
  out.attr = attributes(master, served, flip_ns);
  return call.reply.value(out);
}

bool find_target(Call& call, NodeId id, Target& target) {
  const auto node = call.volume.nodes.find(id);
  if (!node) {
    call.reply.error(ESTALE);
    return false;
  }
  target.node = *node;
  target.path = call.volume.files.open_path(id);
  int error = target.path.error;
  if (error == 0) error = -stat_fd(target.path.get(), target.master);
  if (error != 0) call.reply.error(error);
  return error == 0;
}

int64_t flip_time(const Volume& volume, const Target& target) {
  if (target.node.type != S_IFREG) return 0;
  return volume.swaps.read().resolve(target.node.file, target.master).flip_ns;
}

void get_attributes(Call& call) {
  Target target;
  if (!find_target(call, call.nodeid(), target)) return;
  reply_attributes(call, target.master, target.node.replacement.get(), flip_time(call.volume, target));
}

void get_extended_attributes(Call& call) {
  Target target;
  if (!find_target(call, call.nodeid(), target)) return;
  const FileStat& master = target.master;
  const Replacement* served = target.node.replacement.get();
  wire::StatxOut out;
  set_attribute_timeout(call.volume, call.nodeid(), master, served, out.attr_valid, out.attr_valid_nsec);
  wire::Statx& stat = out.stat;
  stat.mask = master.stx_mask & kStatMask;
  stat.ino = master.stx_ino;
  stat.mode = master.stx_mode;
  stat.nlink = master.stx_nlink;
  stat.uid = master.stx_uid;
  stat.gid = master.stx_gid;
  stat.rdev_major = master.stx_rdev_major;
  stat.rdev_minor = master.stx_rdev_minor;
  stat.size = served ? served->facts().size : master.stx_size;
  stat.blocks = served ? served->facts().blocks : master.stx_blocks;
  stat.blksize = served ? served->facts().block_size : master.stx_blksize;
  stat.atime = extended_time(nanoseconds(master.stx_atime));
  stat.btime = extended_time(birth_ns(master));
  stat.ctime = extended_time(std::max(nanoseconds(master.stx_ctime), flip_time(call.volume, target)));
  stat.mtime = extended_time(served ? served->mtime_ns() : nanoseconds(master.stx_mtime));
  call.reply.value(out);
}

}  // namespace proxyfs::fs
