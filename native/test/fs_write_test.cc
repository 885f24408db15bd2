#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "test/harness.h"
#include "test/tree_fake.h"

namespace {

using namespace proxyfs;
using fs::EventKind;
using test::Answer;
using test::cstr;
using test::Tree;

using Strings = std::vector<std::string>;

uint64_t fh_of(const Answer& answer, size_t offset = 0) { return answer.as<wire::OpenOut>(offset).fh; }

std::string slurp(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

int64_t mtime_of(const std::filesystem::path& path) {
  struct stat found {};
  ::lstat(path.c_str(), &found);
  return found.st_mtim.tv_sec * 1'000'000'000LL + found.st_mtim.tv_nsec;
}

// A tree with "clip.mov" served from a proxy; returns the proxy's node.
uint64_t with_proxy(Tree& tree) {
  tree.write(tree.path("clip.mov"), "the master");
  tree.write(tree.pool("p"), "proxy");
  tree.fs().commit({tree.replace("clip.mov", "p")});
  return tree.lookup("clip.mov").nodeid;
}

std::string xattr(Tree& tree, uint64_t nodeid, const std::string& name) {
  fuse_getxattr_in in{};
  in.size = 1000;
  const Answer answer = tree.call(FUSE_GETXATTR, nodeid, in, cstr(name));
  if (answer.error != 0) return "errno " + std::to_string(answer.error);
  return {reinterpret_cast<const char*>(answer.body.data()), answer.body.size()};
}

Answer create(Tree& tree, const std::string& name, uint32_t flags = O_RDWR | O_CREAT, uint32_t umask = 0) {
  fuse_create_in in{};
  in.flags = flags;
  in.mode = S_IFREG | 0666;
  in.umask = umask;
  return tree.call(FUSE_CREATE, 1, in, cstr(name));
}

int write(Tree& tree, uint64_t fh, const std::string& bytes, uint64_t offset = 0) {
  fuse_write_in in{};
  in.fh = fh;
  in.offset = offset;
  in.size = static_cast<uint32_t>(bytes.size());
  return tree.call(FUSE_WRITE, 1, in, bytes).error;
}

int rename(Tree& tree, const std::string& from, const std::string& to, uint32_t flags = 0) {
  fuse_rename2_in in{};
  in.newdir = 1;
  in.flags = flags;
  return tree.call(FUSE_RENAME2, 1, in, cstr(from) + cstr(to)).error;
}

fuse_setattr_in times(int64_t mtime_ns) {
  fuse_setattr_in in{};
  in.valid = FATTR_MTIME | FATTR_ATIME;
  in.mtime = static_cast<uint64_t>(mtime_ns / 1'000'000'000);
  in.mtimensec = static_cast<uint32_t>(mtime_ns % 1'000'000'000);
  return in;
}

TEST("a created file is written through its handle and reported when it is closed") {
  Tree tree;
  const Answer made = create(tree, "new.prproj", O_RDWR | O_CREAT, 027);
  CHECK_EQUAL(made.error, 0);
  const uint64_t node = made.as<fuse_entry_out>().nodeid;
  const uint64_t fh = fh_of(made, sizeof(fuse_entry_out));
  CHECK_EQUAL(made.as<fuse_entry_out>().attr.mode & 0777u, 0640u);
  CHECK_EQUAL(write(tree, fh, "project"), 0);
  CHECK(tree.events.take(EventKind::changed) == Strings{"new.prproj"});
  tree.release(node, fh);
  CHECK(tree.events.take(EventKind::changed) == Strings{"new.prproj"});
  CHECK_EQUAL(slurp(tree.path("new.prproj")), "project");
  CHECK_EQUAL(create(tree, "new.prproj", O_RDWR | O_CREAT | O_EXCL).error, EEXIST);
  CHECK_EQUAL(tree.fs().counters().nodes, 2u);
}

TEST("a handle that wrote nothing reports nothing") {
  Tree tree;
  tree.write(tree.path("f"), "x");
  const uint64_t node = tree.lookup("f").nodeid;
  const uint64_t quiet = fh_of(tree.open(node, O_RDWR));
  tree.release(node, quiet);
  CHECK(tree.events.take(EventKind::changed).empty());
}

TEST("a replaced path refuses every write with EROFS and says so; its master is untouched") {
  Tree tree;
  const uint64_t proxy = with_proxy(tree);
  for (const uint32_t flags : {uint32_t{O_WRONLY}, uint32_t{O_RDWR}, uint32_t{O_RDONLY | O_TRUNC}}) {
    CHECK_EQUAL(tree.open(proxy, flags).error, EROFS);
    CHECK(tree.events.take(EventKind::write_refused) == Strings{"clip.mov"});
  }
  fuse_setattr_in shrink{};
  shrink.valid = FATTR_SIZE;
  CHECK_EQUAL(tree.call(FUSE_SETATTR, proxy, shrink).error, EROFS);
  // CREATE on a name that appeared since the kernel looked: it must look again.
  CHECK_EQUAL(create(tree, "clip.mov", O_RDWR | O_CREAT).error, ESTALE);
  CHECK_EQUAL(slurp(tree.path("clip.mov")), "the master");
  CHECK_EQUAL(slurp(tree.pool("p")), "proxy");
  CHECK_EQUAL(tree.fs().counters().open_handles, 0u);
}

TEST("with demotion a write-open drops the asset to its master until a later commit") {
  fs::Options options;
  options.demote_writes = true;
  Tree tree(Tree::defaults(), options);
  const uint64_t proxy = with_proxy(tree);
  const auto replace = tree.replace("clip.mov", "p");
  CHECK_EQUAL(tree.open(proxy, O_RDWR).error, ESTALE);
  CHECK(tree.events.take(EventKind::demoted) == Strings{"clip.mov"});
  CHECK(tree.kernel.invalidated == Strings{"1/clip.mov"});
  const uint64_t master = tree.lookup("clip.mov").nodeid;
  CHECK(master != proxy);
  const uint64_t fh = fh_of(tree.open(master, O_RDWR));
  CHECK_EQUAL(tree.read(fh), "the master");
  CHECK_EQUAL(xattr(tree, master, "user.proxyfs.reason"), "demoted to its master by a write");
  tree.release(master, fh);
  CHECK_EQUAL(tree.fs().commit({replace}).changed, 1u);
  CHECK(tree.lookup("clip.mov").nodeid != master);
}

TEST("setting times nudges: on a replaced path and within a millisecond on an asset nothing changes") {
  Tree tree;
  const uint64_t proxy = with_proxy(tree);
  const int64_t before = mtime_of(tree.path("clip.mov"));
  const Answer answer = tree.call(FUSE_SETATTR, proxy, times(1'000'000'000));
  CHECK_EQUAL(answer.error, 0);
  CHECK_EQUAL(answer.as<fuse_attr_out>().attr.size, 5u);
  CHECK_EQUAL(mtime_of(tree.path("clip.mov")), before);
  tree.fs().commit({tree.master("clip.mov")});
  const uint64_t master = tree.lookup("clip.mov").nodeid;
  CHECK_EQUAL(tree.call(FUSE_SETATTR, master, times(before / 1'000'000 * 1'000'000)).error, 0);
  CHECK_EQUAL(mtime_of(tree.path("clip.mov")), before);
  CHECK_EQUAL(tree.call(FUSE_SETATTR, master, times(1'000'000'000)).error, 0);
  CHECK_EQUAL(mtime_of(tree.path("clip.mov")), 1'000'000'000);
}

TEST("mode, owner, xattrs, rename and unlink of a replaced path act on the master") {
  Tree tree;
  const uint64_t proxy = with_proxy(tree);
  fuse_setattr_in mode{};
  mode.valid = FATTR_MODE;
  mode.mode = 0600;
  CHECK_EQUAL(tree.call(FUSE_SETATTR, proxy, mode).as<fuse_attr_out>().attr.mode & 07777u, 0600u);
  CHECK_EQUAL(rename(tree, "clip.mov", "moved.mov"), 0);
  CHECK(tree.events.take(EventKind::changed) == (Strings{"clip.mov", "moved.mov"}));
  CHECK_EQUAL(tree.lookup("moved.mov").nodeid, proxy);
  CHECK_EQUAL(xattr(tree, proxy, "user.proxyfs.master"), "moved.mov");
  CHECK_EQUAL(tree.call(FUSE_UNLINK, 1, cstr("moved.mov")).error, 0);
  CHECK(!std::filesystem::exists(tree.path("moved.mov")));
  CHECK(std::filesystem::exists(tree.pool("p")));
}

TEST("virtual xattrs tell variant, reason, path and profile; they are neither listed nor writable") {
  Tree tree;
  const uint64_t proxy = with_proxy(tree);
  tree.write(tree.path("d/notes.txt"), "x");
  const uint64_t notes = tree.lookup("notes.txt", tree.lookup("d").nodeid).nodeid;
  CHECK_EQUAL(xattr(tree, proxy, "user.proxyfs.variant"), "proxy");
  CHECK_EQUAL(xattr(tree, proxy, "user.proxyfs.reason"), "because of the test");
  CHECK_EQUAL(xattr(tree, proxy, "user.proxyfs.profile"), "test-profile");
  CHECK_EQUAL(xattr(tree, proxy, "user.proxyfs.master"), "clip.mov");
  CHECK_EQUAL(xattr(tree, notes, "user.proxyfs.variant"), "master");
  CHECK_EQUAL(xattr(tree, notes, "user.proxyfs.master"), "d/notes.txt");
  CHECK_EQUAL(xattr(tree, notes, "user.proxyfs.profile"), "errno " + std::to_string(ENODATA));
  CHECK_EQUAL(xattr(tree, notes, "user.proxyfs.nothing"), "errno " + std::to_string(ENODATA));
  CHECK_EQUAL(xattr(tree, 1, "user.proxyfs.master"), ".");
  fuse_getxattr_in size_only{};
  const auto sized = tree.call(FUSE_GETXATTR, proxy, size_only, cstr("user.proxyfs.variant"));
  CHECK_EQUAL(sized.as<fuse_getxattr_out>().size, 5u);
  CHECK_EQUAL(tree.call(FUSE_LISTXATTR, proxy, size_only).as<fuse_getxattr_out>().size, 0u);
  const std::string body(wire::kSetxattrInShort, '\0');
  CHECK_EQUAL(tree.call(FUSE_SETXATTR, proxy, body + cstr("user.proxyfs.variant")).error, EPERM);
  CHECK_EQUAL(tree.call(FUSE_REMOVEXATTR, proxy, cstr("user.proxyfs.variant")).error, EPERM);
}

TEST("this process never sets times on an asset: what it read may be untrue by now") {
  Tree tree;
  with_proxy(tree);
  const int64_t before = mtime_of(tree.path("clip.mov"));
  tree.fs().commit({tree.master("clip.mov")});
  const uint64_t master = tree.lookup("clip.mov").nodeid;
  tree.pid = static_cast<uint32_t>(gettid());
  CHECK_EQUAL(tree.call(FUSE_SETATTR, master, times(before - 5'000'000'000)).error, 0);
  CHECK_EQUAL(mtime_of(tree.path("clip.mov")), before);
}

TEST("what appeared since the kernel looked is neither opened nor truncated by CREATE, but looked up again") {
  Tree tree;
  tree.write(tree.path("appeared"), "of somebody else");
  for (const uint32_t flags : {uint32_t{O_RDWR | O_CREAT}, uint32_t{O_WRONLY | O_CREAT | O_TRUNC}}) {
    CHECK_EQUAL(create(tree, "appeared", flags).error, ESTALE);
  }
  CHECK_EQUAL(create(tree, "appeared", O_WRONLY | O_CREAT | O_EXCL).error, EEXIST);
  CHECK_EQUAL(slurp(tree.path("appeared")), "of somebody else");
  CHECK_EQUAL(tree.fs().counters().open_handles, 0u);
}

size_t open_descriptors() {
  return static_cast<size_t>(std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {}));
}

TEST("names of hard links that are removed leave no descriptor each") {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const rlimit few{400, limit.rlim_max};
  setrlimit(RLIMIT_NOFILE, &few);
  Tree tree;
  const size_t before = open_descriptors();
  std::vector<uint64_t> nodes;
  for (int i = 0; i < 300; ++i) {
    const std::string name = "f" + std::to_string(i);
    tree.write(tree.path(name), name);
    fuse_link_in in{};
    in.oldnodeid = tree.lookup(name).nodeid;
    nodes.push_back(in.oldnodeid);
    CHECK_EQUAL(tree.call(FUSE_LINK, 1, in, cstr("link")).error, 0);
    CHECK_EQUAL(tree.call(FUSE_UNLINK, 1, cstr("link")).error, 0);
  }
  CHECK(open_descriptors() - before <= 100 + 8);
  tree.fs().release_paths();
  for (int i = 0; i < 300; ++i) {
    // Its one name was taken away: the kernel looks the path up again, and it is there.
    CHECK_EQUAL(tree.open(nodes[i]).error, ESTALE);
    CHECK_EQUAL(tree.lookup("f" + std::to_string(i)).nodeid, nodes[i]);
    CHECK_EQUAL(tree.open(nodes[i]).error, 0);
  }
  setrlimit(RLIMIT_NOFILE, &limit);
}

TEST("a file that was unlinked while open answers through its node until it is forgotten") {
  Tree tree;
  tree.write(tree.path("f"), "x");
  const uint64_t node = tree.lookup("f").nodeid;
  CHECK_EQUAL(tree.call(FUSE_UNLINK, 1, cstr("f")).error, 0);
  CHECK_EQUAL(tree.call(FUSE_GETATTR, node, fuse_getattr_in{}).as<fuse_attr_out>().attr.nlink, 0u);
  CHECK_EQUAL(tree.lookup_error("f"), ENOENT);
  tree.write(tree.path("f"), "another");
  CHECK(tree.lookup("f").nodeid != node);
  tree.forget(node, 1);
}

TEST("an exchange swaps the places of two nodes") {
  Tree tree;
  tree.write(tree.path("a"), "a");
  tree.write(tree.path("b"), "b");
  const uint64_t a = tree.lookup("a").nodeid;
  const uint64_t b = tree.lookup("b").nodeid;
  CHECK_EQUAL(rename(tree, "a", "b", RENAME_EXCHANGE), 0);
  CHECK_EQUAL(xattr(tree, a, "user.proxyfs.master"), "b");
  CHECK_EQUAL(xattr(tree, b, "user.proxyfs.master"), "a");
  CHECK_EQUAL(tree.read(fh_of(tree.open(a))), "a");
  CHECK_EQUAL(rename(tree, "a", "b", RENAME_EXCHANGE | RENAME_NOREPLACE), EINVAL);
}

TEST("hidden names of the root can be neither found nor made nor moved") {
  fs::Options options;
  options.hidden_root_names = {".proxyfs"};
  Tree tree(Tree::defaults(), options);
  tree.write(tree.path(".proxyfs/state"), "x");
  tree.write(tree.path("f"), "x");
  CHECK_EQUAL(create(tree, ".proxyfs").error, EPERM);
  CHECK_EQUAL(rename(tree, "f", ".proxyfs"), EPERM);
  CHECK_EQUAL(rename(tree, ".proxyfs", "g"), ENOENT);
  CHECK_EQUAL(tree.call(FUSE_RMDIR, 1, cstr(".proxyfs")).error, ENOENT);
  CHECK_EQUAL(tree.call(FUSE_UNLINK, 1, cstr("../etc")).error, EINVAL);
}

TEST("what a caller makes belongs to the caller") {
  if (geteuid() != 0) return;
  Tree tree;
  tree.uid = 12345;
  tree.gid = 23456;
  const auto made = create(tree, "mine").as<fuse_entry_out>();
  CHECK_EQUAL(made.attr.uid, 12345u);
  CHECK_EQUAL(made.attr.gid, 23456u);
  tree.uid = tree.gid = 0;
  CHECK_EQUAL(create(tree, "roots").as<fuse_entry_out>().attr.uid, 0u);
}

TEST("a request that is too short is refused, whatever it asks") {
  Tree tree;
  tree.write(tree.path("f"), "x");
  const uint64_t node = tree.lookup("f").nodeid;
  for (uint32_t opcode = 1; opcode < 64; ++opcode) {
    if (opcode == FUSE_INIT || opcode == FUSE_DESTROY) continue;
    for (const char* body : {"", "abc", "abcdefg"}) {
      tree.call(opcode, node, std::string(body));
      tree.call(opcode, 0xdeadbeef00000007, std::string(body));
    }
  }
  CHECK_EQUAL(slurp(tree.path("f")), "x");
}

}  // namespace
