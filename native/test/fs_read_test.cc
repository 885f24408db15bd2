#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <chrono>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <thread>

#include "test/tree_fake.h"
#include "test/harness.h"

namespace {

using namespace proxyfs;
using fs::EventKind;
using test::Answer;
using test::Tree;

using Strings = std::vector<std::string>;

uint64_t fh_of(const Answer& answer) { return answer.as<wire::OpenOut>().fh; }

std::string content(Tree& tree, uint64_t nodeid) {
  const Answer opened = tree.open(nodeid);
  if (opened.error != 0) return "errno " + std::to_string(opened.error);
  std::string bytes = tree.read(fh_of(opened));
  tree.release(nodeid, fh_of(opened));
  return bytes;
}

// Names of a directory, and how many of them came with a node.
std::map<std::string, uint64_t> list(Tree& tree, uint64_t nodeid, bool plus, uint32_t size = 4096) {
  const uint64_t fh = fh_of(tree.call(FUSE_OPENDIR, nodeid, fuse_open_in{}));
  std::map<std::string, uint64_t> names;
  fuse_read_in in{};
  in.fh = fh;
  in.size = size;
  for (;;) {
    const Answer answer = tree.call(plus ? FUSE_READDIRPLUS : FUSE_READDIR, nodeid, in);
    if (answer.error != 0 || answer.body.empty()) break;
    const size_t head = plus ? sizeof(fuse_entry_out) : 0;
    for (size_t at = 0; at < answer.body.size();) {
      const auto entry = answer.as<fuse_dirent>(at + head);
      const auto* name = reinterpret_cast<const char*>(answer.body.data() + at + head + FUSE_NAME_OFFSET);
      names[std::string(name, entry.namelen)] = plus ? answer.as<fuse_entry_out>(at).nodeid : 0;
      in.offset = entry.off;
      at += FUSE_DIRENT_ALIGN(head + FUSE_NAME_OFFSET + entry.namelen);
    }
  }
  fuse_release_in release{};
  release.fh = fh;
  tree.call(FUSE_RELEASEDIR, nodeid, release);
  return names;
}

TEST("lookup, getattr, open, read and release give what the source holds") {
  Tree tree;
  tree.write(tree.path("a/b.mov"), "master bytes");
  const auto a = tree.lookup("a");
  const auto b = tree.lookup("b.mov", a.nodeid);
  CHECK_EQUAL(b.attr.size, 12u);
  CHECK_EQUAL(b.attr.ino, tree.id("a/b.mov").ino);
  CHECK_EQUAL(tree.call(FUSE_GETATTR, b.nodeid, fuse_getattr_in{}).as<fuse_attr_out>().attr.size, 12u);
  CHECK_EQUAL(content(tree, b.nodeid), "master bytes");
  CHECK_EQUAL(tree.lookup_error("nothing"), ENOENT);
  CHECK_EQUAL(tree.fs().counters().open_handles, 0u);
  CHECK_EQUAL(tree.call(4000, 1, std::string()).error, ENOSYS);
}

TEST("a node lives exactly as long as its lookups, and its id is not used again") {
  Tree tree;
  tree.write(tree.path("f"), "x");
  const uint64_t id = tree.lookup("f").nodeid;
  CHECK_EQUAL(tree.lookup("f").nodeid, id);
  tree.forget(id, 1);
  CHECK_EQUAL(tree.fs().counters().nodes, 2u);
  tree.forget(id, 1);
  CHECK_EQUAL(tree.fs().counters().nodes, 1u);
  CHECK_EQUAL(tree.open(id).error, ESTALE);
  CHECK(tree.lookup("f").nodeid != id);
}

TEST("an entry whose reply did not arrive is not counted") {
  Tree tree;
  tree.write(tree.path("d/f"), "x");
  tree.send_result = -ENOENT;
  tree.lookup("d");
  CHECK_EQUAL(tree.fs().counters().nodes, 1u);
  list(tree, 1, true);
  CHECK_EQUAL(tree.fs().counters().nodes, 1u);
  tree.send_result = 0;
  const uint64_t node = tree.lookup("d").nodeid;
  const uint64_t file = tree.lookup("f", node).nodeid;
  tree.send_result = -ENOENT;
  tree.open(file);
  CHECK_EQUAL(tree.fs().counters().open_handles, 0u);
}

TEST("a parent stays while one of its children lives") {
  Tree tree;
  tree.write(tree.path("d/f"), "x");
  const uint64_t directory = tree.lookup("d").nodeid;
  const uint64_t file = tree.lookup("f", directory).nodeid;
  tree.forget(directory, 1);
  CHECK_EQUAL(content(tree, file), "x");
  tree.forget(file, 1);
  CHECK_EQUAL(tree.fs().counters().nodes, 1u);
}

TEST("a flip gives the path another node with the replacement's bytes and size, and back") {
  Tree tree;
  tree.write(tree.path("clip.mov"), "the master");
  tree.write(tree.pool("p"), "proxy");
  const auto before = tree.lookup("clip.mov");
  const auto change = tree.replace("clip.mov", "p");
  const auto result = tree.fs().commit({change});
  CHECK_EQUAL(result.changed, 1u);
  CHECK_EQUAL(result.epoch, 1u);
  CHECK(result.known == Strings{"clip.mov"});
  CHECK_EQUAL(tree.kernel.epochs, 1);
  const auto after = tree.lookup("clip.mov");
  CHECK(after.nodeid != before.nodeid);
  CHECK_EQUAL(after.attr.ino, before.attr.ino);
  CHECK_EQUAL(after.attr.size, 5u);
  CHECK_EQUAL(int64_t(after.attr.mtime) * 1'000'000'000 + after.attr.mtimensec, change.mtime_ns);
  CHECK(after.attr.ctime >= before.attr.ctime);
  CHECK_EQUAL(content(tree, after.nodeid), "proxy");
  CHECK_EQUAL(tree.fs().commit({tree.replace("clip.mov", "p")}).changed, 0u);
  CHECK_EQUAL(tree.fs().commit({tree.master("clip.mov")}).epoch, 2u);
  CHECK_EQUAL(tree.lookup("clip.mov").nodeid, before.nodeid);
  CHECK_EQUAL(content(tree, before.nodeid), "the master");
}

TEST("an open handle keeps its variant across flips, and is listed as outdated") {
  Tree tree;
  tree.write(tree.path("clip.mov"), "the master");
  tree.write(tree.pool("p"), "proxy");
  const uint64_t master = tree.lookup("clip.mov").nodeid;
  const uint64_t fh = fh_of(tree.open(master));
  tree.fs().commit({tree.replace("clip.mov", "p")});
  CHECK_EQUAL(tree.read(fh), "the master");
  const auto handles = tree.fs().handles(true);
  CHECK_EQUAL(handles.size(), 1u);
  CHECK_EQUAL(handles.at(0).path, "clip.mov");
  CHECK(handles.at(0).outdated && !handles.at(0).replaced);
  CHECK_EQUAL(handles.at(0).pid, tree.pid);
  CHECK_EQUAL(tree.open(master).error, ESTALE);
  tree.release(master, fh);
  CHECK(tree.events.take(EventKind::idle) == Strings{"clip.mov"});
}

TEST("a handle on a replacement that is served again is not outdated, unless its file is another one by now") {
  Tree tree;
  tree.write(tree.path("a"), "master");
  tree.write(tree.pool("p"), "proxy");
  const auto change = tree.replace("a", "p");
  tree.fs().commit({change});
  const uint64_t node = tree.lookup("a").nodeid;
  const uint64_t fh = fh_of(tree.open(node));
  tree.fs().commit({tree.master("a")});
  CHECK(tree.fs().handles(true).at(0).outdated);
  CHECK_EQUAL(tree.fs().commit({change}).changed, 1u);
  CHECK(!tree.fs().handles(true).at(0).outdated);
  CHECK_EQUAL(tree.lookup("a").nodeid, node);
  CHECK_EQUAL(content(tree, node), "proxy");
  // A master that was touched: the same proxy under another guard is a flip all the same.
  std::filesystem::last_write_time(tree.path("a"), std::filesystem::file_time_type::clock::now());
  CHECK(tree.lookup("a").nodeid != node);
  auto touched = tree.replace("a", "p");
  touched.mtime_ns = change.mtime_ns;
  CHECK_EQUAL(tree.fs().commit({touched}).changed, 1u);
  CHECK_EQUAL(tree.lookup("a").nodeid, node);
  // The proxy made anew under its old path.
  tree.fs().commit({tree.master("a")});
  tree.write(tree.pool("q"), "another proxy");
  std::filesystem::rename(tree.pool("q"), tree.pool("p"));
  tree.fs().commit({tree.replace("a", "p")});
  CHECK(tree.fs().handles(true).at(0).outdated);
  CHECK_EQUAL(content(tree, tree.lookup("a").nodeid), "another proxy");
  CHECK_EQUAL(tree.read(fh), "proxy");
}

TEST("without coherence an outdated node still opens: the check at OPEN is what refuses it") {
  auto capabilities = Tree::defaults();
  capabilities.coherent = false;
  Tree tree(capabilities);
  tree.write(tree.path("clip.mov"), "the master");
  tree.write(tree.pool("p"), "proxy");
  const uint64_t master = tree.lookup("clip.mov").nodeid;
  tree.fs().commit({tree.replace("clip.mov", "p")});
  CHECK_EQUAL(content(tree, master), "the master");
  CHECK_EQUAL(tree.kernel.epochs, 0);
}

TEST("without epochs each known entry is invalidated; with them only those of READDIRPLUS") {
  auto capabilities = Tree::defaults();
  capabilities.inc_epoch = false;
  Tree tree(capabilities);
  Tree epochs;
  for (Tree* each : {&tree, &epochs}) {
    each->write(each->path("looked-up"), "m");
    each->write(each->path("listed"), "m");
    each->write(each->path("unknown"), "m");
    each->write(each->pool("p"), "proxy");
    each->lookup("looked-up");
    const auto names = list(*each, 1, true);
    each->forget(names.at("looked-up"), 1);
    each->lookup("looked-up");
    each->forget(names.at("unknown"), 1);
    each->fs().commit({each->replace("looked-up", "p"), each->replace("listed", "p"), each->replace("unknown", "p")});
  }
  CHECK(tree.kernel.invalidated == (Strings{"1/looked-up", "1/listed"}));
  CHECK_EQUAL(tree.kernel.epochs, 0);
  CHECK(epochs.kernel.invalidated == (Strings{"1/listed"}));
}

TEST("a master that changed since the proxy was made is served itself and reported once per change") {
  Tree tree;
  tree.write(tree.path("clip.mov"), "the master");
  tree.write(tree.pool("p"), "proxy");
  tree.fs().commit({tree.replace("clip.mov", "p")});
  const uint64_t proxy = tree.lookup("clip.mov").nodeid;
  tree.write(tree.path("clip.mov"), "another cut");
  CHECK_EQUAL(tree.open(proxy).error, ESTALE);
  const auto now = tree.lookup("clip.mov");
  CHECK_EQUAL(now.attr.size, 11u);
  CHECK_EQUAL(content(tree, now.nodeid), "another cut");
  tree.lookup("clip.mov");
  CHECK(tree.events.take(EventKind::stale) == Strings{"clip.mov"});
  tree.write(tree.path("clip.mov"), "yet another cut");
  tree.lookup("clip.mov");
  CHECK(tree.events.take(EventKind::stale) == Strings{"clip.mov"});
}

TEST("a replacement that is gone or not what was seen is never served") {
  Tree tree;
  tree.write(tree.path("a"), "master a");
  tree.write(tree.path("b"), "master b");
  tree.write(tree.pool("b"), "proxy b");
  tree.fs().commit({tree.replace("a", "missing"), tree.replace("b", "b")});
  CHECK_EQUAL(content(tree, tree.lookup("a").nodeid), "master a");
  CHECK(tree.events.take(EventKind::stale) == Strings{"a"});
  const uint64_t proxy = tree.lookup("b").nodeid;
  tree.write(tree.pool("b"), "truncated");
  CHECK_EQUAL(tree.open(proxy).error, ESTALE);
  CHECK_EQUAL(content(tree, tree.lookup("b").nodeid), "master b");
  CHECK(tree.events.take(EventKind::stale) == Strings{"b"});
  tree.fs().commit({tree.replace("b", "b")});
  CHECK_EQUAL(content(tree, tree.lookup("b").nodeid), "truncated");
}

TEST("only_if_idle leaves out and names what is open") {
  Tree tree;
  tree.write(tree.path("a"), "a");
  tree.write(tree.path("b"), "b");
  tree.write(tree.pool("p"), "proxy");
  const uint64_t a = tree.lookup("a").nodeid;
  const uint64_t fh = fh_of(tree.open(a));
  auto first = tree.replace("a", "p");
  auto second = tree.replace("b", "p");
  first.only_if_idle = second.only_if_idle = true;
  const auto result = tree.fs().commit({first, second});
  CHECK_EQUAL(result.changed, 1u);
  CHECK(result.busy == std::vector{tree.id("a")});
  CHECK_EQUAL(tree.lookup("a").nodeid, a);
  tree.release(a, fh);
  CHECK_EQUAL(tree.fs().commit({first}).changed, 1u);
}

TEST("deny refuses to open for reading with EIO; removal makes an ordinary file again") {
  Tree tree;
  tree.write(tree.path("a"), "a");
  auto deny = tree.master("a");
  deny.action = fs::SwapAction::deny;
  CHECK_EQUAL(tree.fs().commit({deny}).changed, 1u);
  const uint64_t a = tree.lookup("a").nodeid;
  CHECK_EQUAL(tree.open(a).error, EIO);
  auto remove = tree.master("a");
  remove.action = fs::SwapAction::remove;
  CHECK_EQUAL(tree.fs().commit({remove}).changed, 1u);
  CHECK_EQUAL(content(tree, a), "a");
  CHECK_EQUAL(tree.fs().counters().swaps, 0u);
}

bool is_direct(const Answer& opened) { return (opened.as<wire::OpenOut>().open_flags & FOPEN_DIRECT_IO) != 0; }

TEST("a master that is changed behind the mount, or open for writing, is read around the page cache") {
  auto capabilities = Tree::defaults();
  capabilities.direct_mmap = true;
  Tree tree(capabilities);
  tree.write(tree.path("growing"), "a");
  const auto growing = tree.lookup("growing");
  CHECK_EQUAL(growing.attr_valid + growing.attr_valid_nsec, 0u);
  const auto attributes = tree.call(FUSE_GETATTR, growing.nodeid, fuse_getattr_in{}).as<fuse_attr_out>();
  CHECK_EQUAL(attributes.attr_valid + attributes.attr_valid_nsec, 0u);
  CHECK(is_direct(tree.open(growing.nodeid)));
  const Answer writing = tree.open(growing.nodeid, O_RDWR);
  CHECK(!is_direct(writing));
  // What is changed through the mount is the mount's own business, until it is changed behind it again.
  fuse_setattr_in shorter{};
  shorter.valid = FATTR_SIZE;
  tree.call(FUSE_SETATTR, growing.nodeid, shorter);
  CHECK(is_direct(tree.open(growing.nodeid)));  // until the writer has closed it
  tree.release(growing.nodeid, writing.as<wire::OpenOut>().fh);
  CHECK(!is_direct(tree.open(growing.nodeid)));
  CHECK(tree.lookup("growing").attr_valid_nsec + tree.lookup("growing").attr_valid > 0);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));  // more than the tick of the file system's clock
  tree.write(tree.path("growing"), "more");
  CHECK(is_direct(tree.open(growing.nodeid)));
  // A proxy never changes.
  tree.write(tree.pool("p"), "proxy");
  tree.fs().commit({tree.replace("growing", "p")});
  const auto proxy = tree.lookup("growing");
  CHECK(proxy.attr_valid + proxy.attr_valid_nsec > 0);
  CHECK(!is_direct(tree.open(proxy.nodeid)));
}

TEST("a master that has been quiet for a while is cached") {
  auto capabilities = Tree::defaults();
  capabilities.direct_mmap = true;
  Tree tree(capabilities);
  tree.write(tree.path("quiet"), "a");
  std::this_thread::sleep_for(std::chrono::milliseconds(2050));
  const auto quiet = tree.lookup("quiet");
  CHECK(quiet.attr_valid + quiet.attr_valid_nsec > 0);
  CHECK(!is_direct(tree.open(quiet.nodeid)));
}

TEST("all handles of one node share one backing file, closed with the last of them") {
  auto capabilities = Tree::defaults();
  capabilities.passthrough = true;
  Tree tree(capabilities);
  tree.write(tree.path("a"), "a");
  const uint64_t a = tree.lookup("a").nodeid;
  const auto one = tree.open(a).as<wire::OpenOut>();
  const auto two = tree.open(a, O_RDWR).as<wire::OpenOut>();
  CHECK((one.open_flags & FOPEN_PASSTHROUGH) != 0 && (one.open_flags & FOPEN_KEEP_CACHE) == 0);
  CHECK_EQUAL(one.backing_id, two.backing_id);
  tree.release(a, one.fh);
  CHECK_EQUAL(tree.kernel.open_backings.size(), 1u);
  tree.release(a, two.fh);
  CHECK_EQUAL(tree.kernel.open_backings.size(), 0u);
  tree.kernel.refuse_backing = ELOOP;
  const auto plain = tree.open(a).as<wire::OpenOut>();
  tree.kernel.refuse_backing = 0;
  const auto also_plain = tree.open(a).as<wire::OpenOut>();
  CHECK((plain.open_flags & FOPEN_PASSTHROUGH) == 0 && (also_plain.open_flags & FOPEN_PASSTHROUGH) == 0);
  CHECK_EQUAL(tree.read(plain.fh), "a");
}

TEST("readdir can stop and resume anywhere; readdirplus gives assets no node") {
  fs::Options options;
  options.hidden_root_names = {".proxyfs"};
  Tree tree(Tree::defaults(), options);
  std::set<std::string> expected{".", ".."};
  for (int i = 0; i < 300; ++i) expected.insert("file-" + std::to_string(i));
  for (const auto& name : expected) {
    if (name[0] != '.') tree.write(tree.path(name), "x");
  }
  tree.write(tree.path(".proxyfs/state"), "x");
  tree.fs().commit({tree.master("file-7")});
  for (const bool plus : {false, true}) {
    std::set<std::string> seen;
    for (const auto& [name, nodeid] : list(tree, 1, plus, 300)) {
      seen.insert(name);
      CHECK_EQUAL(nodeid != 0, plus && name[0] != '.' && name != "file-7");
    }
    CHECK(seen == expected);
  }
  CHECK_EQUAL(tree.lookup_error(".proxyfs"), ENOENT);
  CHECK_EQUAL(tree.fs().counters().nodes, 300u);
}

TEST("a path is followed through renames behind the mount by a fresh lookup, never by guessing") {
  Tree tree;
  tree.write(tree.path("a"), "a");
  tree.write(tree.path("b"), "b");
  const uint64_t a = tree.lookup("a").nodeid;
  std::filesystem::rename(tree.path("b"), tree.path("a"));
  CHECK_EQUAL(tree.open(a).error, ESTALE);
  CHECK_EQUAL(content(tree, tree.lookup("a").nodeid), "b");
}

// As fstat() asks, which names no handle.
int getattr_error(Tree& tree, uint64_t nodeid) { return tree.call(FUSE_GETATTR, nodeid, fuse_getattr_in{}).error; }

TEST("a file whose descriptor is known is not opened by the name that another file took behind the mount") {
  Tree tree;
  for (const char* name : {"note", "clip.mov", "gone"}) tree.write(tree.path(name), std::string("old ") + name);
  tree.write(tree.pool("p"), "proxy");
  tree.fs().commit({tree.replace("clip.mov", "p")});
  for (const std::string name : {"note", "clip.mov", "gone"}) {
    const uint64_t node = tree.lookup(name).nodeid;
    CHECK_EQUAL(getattr_error(tree, node), 0);  // opens a descriptor, which is kept
    if (name == "gone") {
      std::filesystem::remove(tree.path(name));
    } else {
      tree.write(tree.path("new"), "new " + name);
      std::filesystem::rename(tree.path("new"), tree.path(name));
    }
    CHECK_EQUAL(tree.open(node).error, ESTALE);
    if (name == "gone") continue;
    const uint64_t now = tree.lookup(name).nodeid;
    CHECK_EQUAL(content(tree, now), "new " + name);
    CHECK_EQUAL(tree.open(node, O_RDWR | O_TRUNC).error, ESTALE);
  }
}

TEST("names that were exchanged behind the mount are both forgotten by the kernel; those of a hard link are not") {
  auto old_kernel = Tree::defaults();
  old_kernel.inc_epoch = false;
  for (const bool epochs : {true, false}) {
    Tree tree(epochs ? Tree::defaults() : old_kernel);
    tree.write(tree.path("x"), "was x");
    tree.write(tree.path("y"), "was y");
    std::filesystem::create_hard_link(tree.path("y"), tree.path("z"));
    for (const char* name : {"x", "y", "z", "y"}) tree.lookup(name);
    CHECK_EQUAL(tree.kernel.epochs, 0);
    CHECK(tree.kernel.invalidated.empty());
    CHECK_EQUAL(renameat2(AT_FDCWD, tree.path("x").c_str(), AT_FDCWD, tree.path("y").c_str(), RENAME_EXCHANGE), 0);
    CHECK_EQUAL(content(tree, tree.lookup("x").nodeid), "was y");
    CHECK_EQUAL(tree.kernel.epochs, epochs ? 1 : 0);
    CHECK(tree.kernel.invalidated == (epochs ? Strings{} : Strings{"1/y"}));
    CHECK_EQUAL(content(tree, tree.lookup("y").nodeid), "was x");
  }
}

TEST("what is found at another name than before is reached by its new path, with all below it") {
  Tree tree;
  for (const char* name : {"reel/day/clip.mov", "note"}) tree.write(tree.path(name), name);
  const auto descriptors = [] {
    return std::vector<std::filesystem::path>(std::filesystem::directory_iterator("/proc/self/fd"), {}).size();
  };
  const size_t before = descriptors();
  const uint64_t reel = tree.lookup("reel").nodeid;
  const uint64_t day = tree.lookup("day", reel).nodeid;
  const uint64_t clip = tree.lookup("clip.mov", day).nodeid;
  CHECK_EQUAL(getattr_error(tree, clip), 0);
  CHECK_EQUAL(descriptors(), before + 3);
  std::filesystem::rename(tree.path("reel"), tree.path("reel 2"));
  CHECK_EQUAL(tree.lookup("reel 2").nodeid, reel);
  CHECK_EQUAL(descriptors(), before);  // storage that goes by paths would look at the former name
  CHECK_EQUAL(content(tree, clip), "reel/day/clip.mov");
  const uint64_t note = tree.lookup("note").nodeid;
  CHECK_EQUAL(getattr_error(tree, note), 0);
  const size_t with_note = descriptors();
  std::filesystem::rename(tree.path("note"), tree.path("note 2"));
  CHECK_EQUAL(tree.lookup("note 2").nodeid, note);
  CHECK_EQUAL(descriptors(), with_note - 1);
}

TEST("a walk over many files keeps the number of descriptors bounded") {
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit low{100, before.rlim_max};
  setrlimit(RLIMIT_NOFILE, &low);
  {
    Tree tree;
    for (int i = 0; i < 400; ++i) tree.write(tree.path("d" + std::to_string(i % 20) + "/f" + std::to_string(i)), "x");
    for (int i = 0; i < 400; ++i) {
      const uint64_t directory = tree.lookup("d" + std::to_string(i % 20)).nodeid;
      const uint64_t file = tree.lookup("f" + std::to_string(i), directory).nodeid;
      CHECK_EQUAL(tree.call(FUSE_GETATTR, file, fuse_getattr_in{}).error, 0);
      CHECK_EQUAL(content(tree, file), "x");
    }
    std::vector<std::filesystem::path> open(std::filesystem::directory_iterator("/proc/self/fd"), {});
    CHECK(open.size() < 60);
  }
  setrlimit(RLIMIT_NOFILE, &before);
}

// On a thread with as little stack as `bytes`.
void run_on_stack(size_t bytes, std::function<void()> body) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, bytes);
  pthread_t thread{};
  const auto run = [](void* given) -> void* {
    (*static_cast<std::function<void()>*>(given))();
    return nullptr;
  };
  if (pthread_create(&thread, &attributes, run, &body) != 0) throw std::runtime_error("no thread");
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

TEST("folders that lie in each other take no stack, however many") {
  constexpr int kDeep = 1900;  // and the path still has room, so that it can be taken away
  Tree tree;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const rlimit all{limit.rlim_max, limit.rlim_max};
  setrlimit(RLIMIT_NOFILE, &all);  // taking the folders away again opens each of them
  run_on_stack(256 << 10, [&] {
    std::vector<uint64_t> nodes{1};
    fuse_mkdir_in in{};
    in.mode = 0755;
    for (int i = 0; i < kDeep; ++i) {
      nodes.push_back(tree.call(FUSE_MKDIR, nodes.back(), in, test::cstr("d")).as<fuse_entry_out>().nodeid);
    }
    tree.fs().release_paths();
    CHECK_EQUAL(tree.call(FUSE_GETATTR, nodes.back(), fuse_getattr_in{}).error, 0);
    const Strings made = tree.events.take(EventKind::changed);
    CHECK_EQUAL(made.back().size(), size_t{2 * kDeep - 1});
    CHECK_EQUAL(made.at(1), "d/d");
    for (size_t i = 1; i < nodes.size(); ++i) tree.forget(nodes[i], 1);
  });
  CHECK_EQUAL(tree.fs().counters().nodes, 1u);
}

TEST("statfs answers for the source's file system") {
  Tree tree;
  CHECK(tree.call(FUSE_STATFS, 1, std::string()).as<fuse_statfs_out>().st.blocks > 0);
}

TEST("100,000 changes are one transaction") {
  Tree tree;
  std::vector<fs::SwapChange> changes(100'000);
  for (size_t i = 0; i < changes.size(); ++i) {
    changes[i].asset = {5, 1000 + i};
    changes[i].action = fs::SwapAction::replace;
    changes[i].replacement = "/pool/ab/cdef0123456789abcdef0123456789abcdef0123456789-" + std::to_string(i) + ".mov";
    changes[i].reason = "a proxy is ready";
    changes[i].profile = "proxy_prores_proxy";
  }
  auto back = changes;
  for (auto& change : back) change.action = fs::SwapAction::master;
  const auto first = tree.fs().commit(changes);
  CHECK_EQUAL(first.changed, 100'000u);
  const auto second = tree.fs().commit(back);
  const auto third = tree.fs().commit(changes);
  CHECK_EQUAL(second.changed + third.changed, 200'000u);
  std::printf("# first %.1f ms, to masters %.1f ms, to replacements %.1f ms\n", double(first.table_ns) / 1e6,
              double(second.table_ns) / 1e6, double(third.table_ns) / 1e6);
}

// The model: what each of a few assets is served from, and how often the kernel counts each node.
TEST("a random sequence of lookups, forgets, opens and commits matches the model") {
  Tree tree;
  constexpr int kFiles = 6;
  std::vector<std::string> names, expected;
  for (int i = 0; i < kFiles; ++i) {
    names.push_back("f" + std::to_string(i));
    expected.push_back("master " + names.back());
    tree.write(tree.path(names[i]), expected[i]);
    tree.write(tree.pool(names[i]), "proxy of " + names[i]);
  }
  std::map<uint64_t, uint64_t> counts;
  struct Held {
    uint64_t nodeid, fh;
    std::string bytes;
  };
  std::vector<Held> held;
  std::mt19937 random(20240607);
  for (int step = 0; step < 20'000; ++step) {
    const size_t i = random() % kFiles;
    switch (random() % 5) {
      case 0: {
        const bool proxy = random() % 2 == 0;
        tree.fs().commit({proxy ? tree.replace(names[i], names[i]) : tree.master(names[i])});
        expected[i] = (proxy ? "proxy of " : "master ") + names[i];
        break;
      }
      case 1: {
        const auto entry = tree.lookup(names[i]);
        ++counts[entry.nodeid];
        CHECK_EQUAL(entry.attr.size, expected[i].size());
        break;
      }
      case 2: {
        if (counts.empty()) break;
        auto at = std::next(counts.begin(), static_cast<long>(random() % counts.size()));
        bool in_use = false;  // the kernel does not forget what it holds open
        for (const auto& each : held) in_use = in_use || each.nodeid == at->first;
        if (in_use) break;
        const uint64_t part = 1 + random() % at->second;
        tree.forget(at->first, part);
        if ((at->second -= part) == 0) counts.erase(at);
        break;
      }
      case 3: {
        const auto entry = tree.lookup(names[i]);
        ++counts[entry.nodeid];
        held.push_back({entry.nodeid, fh_of(tree.open(entry.nodeid)), expected[i]});
        break;
      }
      default: {
        if (held.empty()) break;
        const size_t which = random() % held.size();
        CHECK_EQUAL(tree.read(held[which].fh), held[which].bytes);
        if (random() % 2 == 0) break;
        CHECK_EQUAL(tree.release(held[which].nodeid, held[which].fh), 0);
        held.erase(held.begin() + static_cast<long>(which));
      }
    }
    CHECK_EQUAL(tree.fs().counters().nodes, counts.size() + 1);
    CHECK_EQUAL(tree.fs().counters().open_handles, held.size());
  }
}

TEST("an open file replaced behind the mount is reached by whichever of its handles is left") {
  Tree tree;
  tree.write(tree.path("f"), "old");
  tree.write(tree.path("new"), "another");
  const uint64_t node = tree.lookup("f").nodeid;
  const uint64_t first = tree.open(node).as<wire::OpenOut>().fh;
  const uint64_t second = tree.open(node).as<wire::OpenOut>().fh;
  std::filesystem::rename(tree.path("new"), tree.path("f"));
  CHECK_EQUAL(getattr_error(tree, node), 0);
  tree.release(node, first);
  CHECK_EQUAL(getattr_error(tree, node), 0);
  CHECK_EQUAL(tree.read(second), "old");
  tree.release(node, second);
  CHECK_EQUAL(getattr_error(tree, node), ESTALE);
}

TEST("a file that got the inode number of a removed one is never opened in its place") {
  Tree tree;
  tree.write(tree.path("removed"), "removed");
  const uint64_t old = tree.lookup("removed").nodeid;
  const fs::FileId id = tree.id("removed");
  std::filesystem::remove(tree.path("removed"));
  for (int i = 0; i < 50; ++i) {
    const std::string name = "made-" + std::to_string(i);
    tree.write(tree.path(name), "made later");
    if (!(tree.id(name) == id)) continue;
    const uint64_t made = tree.lookup(name).nodeid;
    CHECK_EQUAL(getattr_error(tree, made), 0);
    CHECK_EQUAL(tree.open(old).error, ESTALE);
    return;
  }
}

}  // namespace
