#include "fs/attributes.h"

#include <cerrno>

namespace proxyfs::fs {

namespace {

wire::SxTime split(int64_t ns) {
  wire::SxTime out;
  out.tv_sec = ns / 1'000'000'000;
  int64_t part = ns % 1'000'000'000;
  if (part < 0) {
    part += 1'000'000'000;
    --out.tv_sec;
  }
  out.tv_nsec = static_cast<uint32_t>(part);
  return out;
}

// As the source says it: the nanoseconds since 1970 of a time after 2262 do not fit into 64 bits.
wire::SxTime given(const statx_timestamp& time) {
  wire::SxTime out;
  out.tv_sec = time.tv_sec;
  out.tv_nsec = time.tv_nsec;
  return out;
}

wire::SxTime mtime_of(const FileStat& master, const Replacement* served) {
  return served ? split(served->mtime_ns()) : given(master.stx_mtime);
}

wire::SxTime ctime_of(const FileStat& master, int64_t flip_ns) {
  return flip_ns > nanoseconds(master.stx_ctime) ? split(flip_ns) : given(master.stx_ctime);
}

void set_time(const wire::SxTime& time, uint64_t& seconds, uint32_t& nanoseconds) {
  seconds = static_cast<uint64_t>(time.tv_sec);
  nanoseconds = time.tv_nsec;
}

// The kernel's own packing of device numbers in FUSE attributes (new_encode_dev).
uint32_t encode_device(uint32_t major, uint32_t minor) {
  return (minor & 0xff) | (major << 8) | ((minor & ~0xffU) << 12);
}

}  // namespace

fuse_attr attributes(const Volume& volume, const FileStat& master, const Replacement* served, int64_t flip_ns) {
  fuse_attr out{};
  out.ino = volume.shown_inode(file_id(master));
  out.size = served ? served->facts().size : master.stx_size;
  out.blocks = served ? served->facts().blocks : master.stx_blocks;
  out.blksize = served ? served->facts().block_size : master.stx_blksize;
  out.mode = master.stx_mode;
  out.nlink = master.stx_nlink;
  out.uid = master.stx_uid;
  out.gid = master.stx_gid;
  out.rdev = encode_device(master.stx_rdev_major, master.stx_rdev_minor);
  set_time(given(master.stx_atime), out.atime, out.atimensec);
  set_time(mtime_of(master, served), out.mtime, out.mtimensec);
  set_time(ctime_of(master, flip_ns), out.ctime, out.ctimensec);
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
  out.attr = attributes(call.volume, master, served, flip_ns);
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
  stat.ino = call.volume.shown_inode(file_id(master));
  stat.mode = master.stx_mode;
  stat.nlink = master.stx_nlink;
  stat.uid = master.stx_uid;
  stat.gid = master.stx_gid;
  stat.rdev_major = master.stx_rdev_major;
  stat.rdev_minor = master.stx_rdev_minor;
  stat.size = served ? served->facts().size : master.stx_size;
  stat.blocks = served ? served->facts().blocks : master.stx_blocks;
  stat.blksize = served ? served->facts().block_size : master.stx_blksize;
  stat.atime = given(master.stx_atime);
  stat.btime = split(birth_ns(master));
  stat.ctime = ctime_of(master, flip_time(call.volume, target));
  stat.mtime = mtime_of(master, served);
  call.reply.value(out);
}

}  // namespace proxyfs::fs
