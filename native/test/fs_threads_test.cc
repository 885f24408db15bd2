// Many readers against commits: meant to be run under ThreadSanitizer and AddressSanitizer as well.
#include <errno.h>
#include <fcntl.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "test/harness.h"
#include "test/tree_fake.h"

namespace {

using namespace proxyfs;
using test::Answer;
using test::Tree;

constexpr int kFiles = 4;

std::string name_of(int i) { return "clip-" + std::to_string(i) + ".mov"; }

// Looks up, opens, reads and closes like the kernel does, ESTALE retries included.
// Returns false when a handle gave bytes that are neither variant, or of another size than was announced.
bool visit(Tree& tree, int i, std::atomic<int>& opened) {
  for (int attempt = 0; attempt < 50; ++attempt) {
    const auto entry = tree.lookup(name_of(i));
    const Answer answer = tree.open(entry.nodeid);
    if (answer.error == ESTALE) {
      tree.forget(entry.nodeid, 1);
      continue;
    }
    const uint64_t fh = answer.as<wire::OpenOut>().fh;
    const std::string bytes = tree.read(fh);
    const std::string again = tree.read(fh);
    tree.release(entry.nodeid, fh);
    tree.forget(entry.nodeid, 1);
    ++opened;
    const bool known = bytes == "master of " + name_of(i) || bytes == "proxy " + name_of(i);
    return answer.error == 0 && known && bytes == again && bytes.size() == entry.attr.size;
  }
  return true;
}

TEST("while commits flip every asset, each handle reads one whole variant and nothing is left behind") {
  auto capabilities = Tree::defaults();
  capabilities.passthrough = true;  // the fake hands out ids; reads still come to us
  Tree tree(capabilities);
  std::vector<fs::SwapChange> proxies, masters;
  for (int i = 0; i < kFiles; ++i) {
    tree.write(tree.path(name_of(i)), "master of " + name_of(i));
    tree.write(tree.pool(name_of(i)), "proxy " + name_of(i));
    proxies.push_back(tree.replace(name_of(i), name_of(i)));
    masters.push_back(tree.master(name_of(i)));
  }
  std::atomic<bool> stop{false}, sound{true};
  std::atomic<int> opened{0};
  std::vector<std::thread> readers;
  for (int thread = 0; thread < 3; ++thread) {
    readers.emplace_back([&, thread] {
      for (int i = thread; !stop; ++i) {
        if (!visit(tree, i % kFiles, opened)) sound = false;
      }
    });
  }
  // On a busy machine the readers may get their turn late: go on until flips and opens have met.
  const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  for (int flip = 0; flip < 300 || (opened < 300 && std::chrono::steady_clock::now() < patience); ++flip) {
    CHECK_EQUAL(tree.fs().commit(flip % 2 == 0 ? proxies : masters).changed, uint64_t{kFiles});
    std::this_thread::yield();
    tree.fs().handles(true);
    tree.fs().counters();
  }
  stop = true;
  for (auto& reader : readers) reader.join();
  CHECK(sound);
  CHECK(opened >= 300);
  CHECK_EQUAL(tree.fs().counters().nodes, 1u);
  CHECK_EQUAL(tree.fs().counters().open_handles, 0u);
  CHECK(tree.kernel.open_backings.empty());
}

TEST("once commit has returned, no open gets the old variant") {
  Tree tree;
  tree.write(tree.path("clip.mov"), "master");
  tree.write(tree.pool("p"), "proxy");
  const auto proxy = tree.replace("clip.mov", "p");
  std::vector<uint64_t> nodes{tree.lookup("clip.mov").nodeid};
  for (int flip = 0; flip < 200; ++flip) {
    const bool to_proxy = flip % 2 == 0;
    tree.fs().commit({to_proxy ? proxy : tree.master("clip.mov")});
    nodes.push_back(tree.lookup("clip.mov").nodeid);
    const std::string expected = to_proxy ? "proxy" : "master";
    for (const uint64_t node : nodes) {
      const Answer answer = tree.open(node);
      if (answer.error != 0) {
        CHECK_EQUAL(answer.error, ESTALE);
        continue;
      }
      CHECK_EQUAL(tree.read(answer.as<wire::OpenOut>().fh), expected);
      tree.release(node, answer.as<wire::OpenOut>().fh);
    }
  }
}

}  // namespace
