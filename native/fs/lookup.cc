#include "fs/lookup.h"

#include <cerrno>
#include <optional>

namespace proxyfs::fs {

namespace {

void report_unfit(Volume& volume, const Resolution& found, NodeId id, const FileStat& stat) {
  if (found.unfit == Resolution::Unfit::no) return;
  if (!volume.swaps.first_report(file_id(stat), found.named, stat)) return;
  volume.emit(EventKind::stale, volume.nodes.path(id), file_id(stat));
}

// One try: nothing when the replacement must be looked at first, which is not done under the lock.
std::optional<Entered> try_enter(Volume& volume, NodeId parent, std::string_view name, const FileStat& stat,
                                 uint32_t asker, Resolution& found, std::optional<NodePlace>& former) {
  const SwapTable::Reader reader = volume.swaps.read();
  found = S_ISREG(stat.stx_mode) ? reader.resolve(file_id(stat), stat) : Resolution{};
  if (found.replacement && found.replacement->unknown()) return std::nullopt;
  // The node is made while the table stands still: a commit either is seen here or sees this node.
  const NodeId id = volume.nodes.enter(parent, name, stat, found.replacement, asker == kListing, &former);
  volume.retries.looked_up(asker, file_id(stat), id);
  return Entered{id, found.replacement, found.flip_ns, found.listed};
}

// A file was found at another name than before. Storage that finds files by their paths (FUSE, SMB) still looks for
// it at the former name through a descriptor from before, and for all below it: they are opened anew.
void let_go(Volume& volume, const FileStat& stat) {
  if (S_ISDIR(stat.stx_mode)) return volume.files.release();
  volume.files.drop(file_id(stat));
}

// A file was found at another name than before. Is it at the former one no longer (it was renamed behind the
// mount), the kernel may still hold that one and would open this file by it: the entry is dropped.
void drop_former(Volume& volume, const NodePlace& former, const FileStat& stat) {
  // What was removed through the mount the kernel knows to be gone.
  if (!volume.capabilities.coherent || former.gone) return;
  if (const PathFd parent = volume.files.open_path(former.parent)) {
    FileStat there{};
    const bool linked = stat_at(parent.get(), former.name.c_str(), there) == 0 && file_id(there) == file_id(stat);
    if (linked) return;
  }
  // An epoch is told from within a request, since it takes no lock of a folder; a name is not.
  if (volume.capabilities.inc_epoch && volume.kernel.notify_inc_epoch() == 0) return;
  volume.kernel.enqueue_inval_entry(former.parent, former.name);
}

// "." and ".." come only from file handles of an NFS server (EXPORT_SUPPORT).
void lookup_dot(Call& call, std::string_view name) {
  Volume& volume = call.volume;
  NodeId id = call.nodeid();
  if (name == ".." && id != kRootNode) {
    const auto place = volume.nodes.place(id);
    if (!place) return void(call.reply.error(ESTALE));
    id = place->parent;
  }
  Target target;
  if (!find_target(call, id, target)) return;
  const auto place = volume.nodes.place(id);
  if (!place) return void(call.reply.error(ESTALE));
  const Entered entered = id == kRootNode ? Entered{kRootNode, nullptr, 0, false}
                                          : enter(volume, place->parent, place->name, target.master, call.pid());
  if (call.reply.value(entry_out(volume, entered, target.master)) != 0) volume.forget(entered.id, 1);
}

}  // namespace

Entered enter(Volume& volume, NodeId parent, std::string_view name, const FileStat& stat, uint32_t asker) {
  for (;;) {
    Resolution found;
    std::optional<NodePlace> former;
    if (const auto entered = try_enter(volume, parent, name, stat, asker, found, former)) {
      if (former) {
        let_go(volume, stat);
        drop_former(volume, *former, stat);
      }
      report_unfit(volume, found, entered->id, stat);
      return *entered;
    }
    found.replacement->learn();
  }
}

fuse_entry_out entry_out(const Volume& volume, const Entered& entered, const FileStat& stat) {
  fuse_entry_out out{};
  out.nodeid = entered.id;
  set_timeout(volume, out.entry_valid, out.entry_valid_nsec);
  set_attribute_timeout(volume, entered.id, stat, entered.replacement.get(), out.attr_valid, out.attr_valid_nsec);
  // A node knows one of its names; without epochs the others could not be invalidated at a flip.
  if (entered.listed && stat.stx_nlink > 1 && !volume.capabilities.inc_epoch && volume.capabilities.coherent) {
    out.entry_valid = out.entry_valid_nsec = 0;
  }
  out.attr = attributes(volume, stat, entered.replacement.get(), entered.flip_ns);
  return out;
}

void reply_entry(Call& call, int parent_fd, NodeId parent, std::string_view name) {
  FileStat stat{};
  if (const int error = stat_at(parent_fd, std::string(name).c_str(), stat)) return void(call.reply.error(-error));
  const Entered entered = enter(call.volume, parent, name, stat, call.pid());
  if (call.reply.value(entry_out(call.volume, entered, stat)) != 0) call.volume.forget(entered.id, 1);
}

void lookup(Call& call) {
  Volume& volume = call.volume;
  volume.counters.lookups.fetch_add(1, std::memory_order_relaxed);
  const auto name = call.request.name(0);
  if (!name || name->empty() || name->find('/') != name->npos) return void(call.reply.error(EINVAL));
  if (*name == "." || *name == "..") return lookup_dot(call, *name);
  if (volume.is_hidden(call.nodeid(), *name)) return void(call.reply.error(ENOENT));
  const PathFd parent = volume.files.open_path(call.nodeid());
  if (!parent) return void(call.reply.error(parent.error));
  reply_entry(call, parent.get(), call.nodeid(), *name);
}

void forget(Call& call) {
  const auto* in = call.request.arg<fuse_forget_in>();
  if (in != nullptr) call.volume.forget(call.nodeid(), in->nlookup);
  call.reply.none();
}

void batch_forget(Call& call) {
  const auto* in = call.request.arg<fuse_batch_forget_in>();
  const auto list = call.request.payload(sizeof(fuse_batch_forget_in));
  const size_t fits = list.size() / sizeof(fuse_forget_one);
  const auto* one = reinterpret_cast<const fuse_forget_one*>(list.data());
  for (size_t i = 0; in != nullptr && i < in->count && i < fits; ++i) call.volume.forget(one[i].nodeid, one[i].nlookup);
  call.reply.none();
}

}  // namespace proxyfs::fs
