// A source whose drive was taken away and is back: see fs::anchor.
#include <errno.h>
#include <fcntl.h>

#include <filesystem>

#include "test/tree_fake.h"
#include "test/harness.h"

namespace {

using namespace proxyfs;
using test::Answer;
using test::Tree;

uint64_t fh_of(const Answer& answer) { return answer.as<wire::OpenOut>().fh; }

std::string content(Tree& tree, uint64_t nodeid) {
  const Answer opened = tree.open(nodeid);
  if (opened.error != 0) return "errno " + std::to_string(opened.error);
  std::string bytes = tree.read(fh_of(opened));
  tree.release(nodeid, fh_of(opened));
  return bytes;
}

TEST("another root takes the place of the source: its files get nodes of their own, and open handles read on") {
  Tree tree;
  tree.write(tree.path("a.mov"), "of the first drive");
  const uint64_t first = tree.lookup("a.mov").nodeid;
  const uint64_t held = fh_of(tree.open(first));
  const std::filesystem::path drive = tree.path("x").parent_path().parent_path() / "drive";
  std::filesystem::create_directory(drive);
  tree.write(drive / "a.mov", "of the second drive");
  const int epochs = tree.kernel.epochs;
  const auto anchor = [&](const std::filesystem::path& root) {
    return tree.fs().anchor(::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  };

  CHECK_EQUAL(anchor(drive), 0);
  CHECK_EQUAL(tree.kernel.epochs, epochs + 1);
  const uint64_t second = tree.lookup("a.mov").nodeid;
  CHECK(second != first);
  CHECK_EQUAL(content(tree, second), "of the second drive");
  CHECK_EQUAL(tree.read(held), "of the first drive");
  // By the old number too, though somebody has it open: the kernel looks the name up again.
  CHECK_EQUAL(content(tree, first), "errno " + std::to_string(ESTALE));

  // The same files once more, as after a drive was pulled out: with equal numbers, and not to be mixed up.
  CHECK_EQUAL(anchor(drive), 0);
  const uint64_t third = tree.lookup("a.mov").nodeid;
  CHECK(third != second);
  CHECK_EQUAL(content(tree, second), "of the second drive");
  CHECK_EQUAL(content(tree, third), "of the second drive");
  tree.forget(first, 1);
  tree.forget(second, 1);
  CHECK_EQUAL(tree.read(held), "of the first drive");
  tree.release(first, held);
  CHECK_EQUAL(content(tree, tree.lookup("a.mov").nodeid), "of the second drive");
  tree.forget(third, 2);
  CHECK_EQUAL(tree.fs().counters().nodes, 1u);
  CHECK_EQUAL(tree.fs().counters().open_handles, 0u);
}

}  // namespace
