#include "fs/filesystem.h"

#include "fs/commit.h"
#include "fs/dispatch.h"
#include "fs/volume.h"

namespace proxyfs::fs {

struct FileSystem::State {
  State(Options options, Kernel& kernel, EventSink& events) : volume(std::move(options), kernel, events) {}
  Volume volume;
};

FileSystem::FileSystem(Options options, Kernel& kernel, EventSink& events)
    : state_(std::make_unique<State>(std::move(options), kernel, events)) {}

FileSystem::~FileSystem() = default;

void FileSystem::start(const Capabilities& capabilities) { state_->volume.capabilities = capabilities; }

void FileSystem::handle(const wire::Request& request, wire::Reply& reply) {
  Call call{state_->volume, request, reply};
  dispatch(call);
}

CommitResult FileSystem::commit(std::vector<SwapChange> changes) {
  return fs::commit(state_->volume, std::move(changes));
}

std::vector<HandleInfo> FileSystem::handles(bool only_swappable) const {
  return list_handles(state_->volume, only_swappable);
}

void FileSystem::release_paths() { state_->volume.files.release(); }

int FileSystem::anchor(int source_fd) { return fs::anchor(state_->volume, Fd(source_fd)); }

Counters FileSystem::counters() const {
  const Volume& volume = state_->volume;
  const CounterCells& cells = volume.counters;
  return {cells.lookups.load(), cells.forgets.load(), cells.opens.load(),        cells.reads.load(),
          cells.writes.load(),  volume.nodes.size(),  volume.handles.size(), volume.swaps.size()};
}

}  // namespace proxyfs::fs
