#include <sys/wait.h>
#include <unistd.h>

#include "test/harness.h"
#include "test/kernel_bytes.h"
#include "wire/notification.h"
#include "wire/request.h"

namespace {

using proxyfs::test::KernelBytes;
using proxyfs::test::RecordingSink;
using proxyfs::wire::Reply;
using proxyfs::wire::Request;

// LOOKUP of "a.mov" in the root by uid 1000, pid 4242, as Linux sends it.
KernelBytes lookup() {
  return KernelBytes{
      0x2e, 0, 0, 0, 1, 0, 0, 0,              // len 46, opcode LOOKUP
      0x10, 0, 0, 0, 0, 0, 0, 0,              // unique 16
      1, 0, 0, 0, 0, 0, 0, 0,                 // nodeid 1
      0xe8, 3, 0, 0, 0xe8, 3, 0, 0,           // uid, gid 1000
      0x92, 0x10, 0, 0, 0, 0, 0, 0,           // pid 4242, no extensions
  }.text("a.mov");
}

std::string hex(const std::vector<std::byte>& bytes) {
  std::string text;
  for (const auto byte : bytes) {
    char two[3];
    std::snprintf(two, sizeof two, "%02x", static_cast<unsigned>(byte));
    text += two;
  }
  return text;
}

bool dies(void (*body)()) {
  const pid_t child = fork();
  if (child == 0) {
    (void)!freopen("/dev/null", "w", stderr);
    body();
    _exit(0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

TEST("a LOOKUP of the kernel is read field by field") {
  auto source = lookup();
  const auto request = Request::parse(source.bytes());
  CHECK(request.has_value());
  if (!request) return;
  CHECK_EQUAL(request->opcode(), uint32_t{FUSE_LOOKUP});
  CHECK_EQUAL(request->nodeid(), 1U);
  CHECK_EQUAL(request->header().unique, 16U);
  CHECK_EQUAL(request->header().uid, 1000U);
  CHECK_EQUAL(request->header().pid, 4242U);
  CHECK(request->name(0) == "a.mov");
  CHECK(!request->name(0, 1));
  CHECK(!request->name(7));
}

TEST("every prefix of a request, and one with trailing bytes, is refused") {
  auto source = lookup();
  const auto whole = source.bytes();
  for (size_t length = 0; length < whole.size(); ++length) CHECK(!Request::parse(whole.first(length)));
  auto longer = lookup();
  CHECK(!Request::parse(longer.zeros(1).bytes()));
}

TEST("a name without its NUL is not there") {
  KernelBytes source{0x2b, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0,
                     0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 'a', 'b', 'c'};
  const auto request = Request::parse(source.bytes());
  CHECK(request && !request->name(0));
  CHECK(request && request->payload(0).size() == 3);
  CHECK(request && request->payload(4).empty());
  CHECK(request && request->arg<fuse_forget_in>() == nullptr);
}

TEST("RENAME2 carries two names behind its fixed struct") {
  auto source = KernelBytes{0x44, 0, 0, 0, 45, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                            0,    0, 0, 0, 0,  0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0}
                    .text("old")
                    .text("newname");
  const auto request = Request::parse(source.bytes());
  CHECK(request.has_value());
  if (!request) return;
  const auto* rename = request->arg<fuse_rename2_in>();
  CHECK(rename != nullptr && rename->newdir == 7 && rename->flags == 1);
  CHECK(request->name(sizeof(fuse_rename2_in)) == "old");
  CHECK(request->name(sizeof(fuse_rename2_in), 1) == "newname");
}

TEST("extensions behind the body are no part of it, and cannot be longer than it") {
  KernelBytes source{0x30, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
                     0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 'x', 0, 0, 0, 0, 0, 0, 0};
  const auto request = Request::parse(source.bytes());
  CHECK(request && request->body().empty());
  KernelBytes lying{0x30, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0,
                    0,    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 'x', 0, 0, 0, 0, 0, 0, 0};
  CHECK(!Request::parse(lying.bytes()));
}

TEST("notifications are the bytes the kernel expects") {
  CHECK_EQUAL(hex(proxyfs::wire::inc_epoch_message()), "10000000" "08000000" "0000000000000000");
  CHECK_EQUAL(hex(proxyfs::wire::inval_entry_message(1, "a.mov")),
              "26000000" "03000000" "0000000000000000" "0100000000000000" "05000000" "00000000" "612e6d6f7600");
  CHECK_EQUAL(hex(proxyfs::wire::inval_inode_message(9, -1, 0)),
              "28000000" "02000000" "0000000000000000" "0900000000000000" "ffffffffffffffff" "0000000000000000");
}

TEST("a reply is sent once, with its parts in order") {
  RecordingSink sink;
  {
    Reply reply(sink, 77);
    const uint32_t first = 0x01020304;
    const uint16_t second = 0x0506;
    CHECK_EQUAL(reply.values(first, second), 0);
    CHECK(reply.sent());
  }
  CHECK_EQUAL(sink.count, 1);
  CHECK_EQUAL(sink.last_unique, 77U);
  CHECK_EQUAL(sink.last_error, 0);
  CHECK_EQUAL(hex(sink.body), "040302010605");
}

TEST("an interrupted caller shows in the result of the reply") {
  RecordingSink sink;
  sink.result = -ENOENT;
  Reply reply(sink, 5);
  CHECK_EQUAL(reply.error(EIO), -ENOENT);
  CHECK_EQUAL(sink.last_error, EIO);
}

TEST("answering twice, or never, ends the process") {
  CHECK(dies([] {
    RecordingSink sink;
    Reply reply(sink, 1);
    reply.ok();
    reply.ok();
  }));
  CHECK(dies([] {
    RecordingSink sink;
    const Reply reply(sink, 1);
  }));
}

}  // namespace
