#include "session/negotiate.h"

#include "test/harness.h"
#include "test/kernel_bytes.h"

namespace {

using proxyfs::session::Agreement;
using proxyfs::session::negotiate;
using proxyfs::session::Wanted;
using proxyfs::test::KernelBytes;
using proxyfs::wire::Request;

// INIT as Linux 6.18 sends it: 7.45, 128 KiB read-ahead, every flag it knows.
KernelBytes init_of_6_18(int major = 7, int minor = 45) {
  return KernelBytes{
      0x68, 0, 0, 0, 26, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,  // len 104, INIT, unique 2
      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
      major, 0, 0, 0, minor, 0, 0, 0, 0, 0, 2, 0,
      0xfb, 0xff, 0xff, 0x73,  // flags: INIT_EXT among them
      0xfd, 0x07, 0, 0,        // flags2: PASSTHROUGH is bit 5
  }.zeros(44);
}

// INIT as Linux 5.10 sends it: 7.32, the short struct without flags2.
KernelBytes init_of_5_10() {
  return KernelBytes{
      0x38, 0, 0, 0, 26, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
      0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
      7, 0, 0, 0, 32, 0, 0, 0, 0, 0, 2, 0,
      0xfb, 0xff, 0xff, 0x03,
  };
}

std::optional<Agreement> answer(KernelBytes bytes, const Wanted& wanted = {}) {
  const auto request = Request::parse(bytes.bytes());
  return request ? negotiate(*request, wanted) : std::nullopt;
}

TEST("a kernel with everything gets passthrough, epochs and 1 MiB requests") {
  const auto agreed = answer(init_of_6_18());
  CHECK(agreed && agreed->kind == Agreement::Kind::agreed);
  if (!agreed) return;
  CHECK_EQUAL(agreed->capabilities.protocol_minor, 45U);
  CHECK(agreed->capabilities.passthrough);
  CHECK(agreed->capabilities.inc_epoch);
  CHECK(agreed->notes.empty());
  CHECK_EQUAL(agreed->reply.major, 7U);
  CHECK_EQUAL(agreed->reply.max_write, 1U << 20);
  CHECK_EQUAL(agreed->reply.max_pages, 256U);
  CHECK_EQUAL(agreed->reply.max_readahead, 128U << 10);
  CHECK_EQUAL(agreed->reply.max_stack_depth, 2U);
  CHECK_EQUAL(agreed->reply.flags2, 1U << 5 | 1U << 4);  // passthrough, and mapping what is read directly
}

TEST("what would break passthrough, truncation or locks is not asked for") {
  const auto agreed = answer(init_of_6_18());
  if (!agreed) return CHECK(false);
  const uint32_t never = FUSE_WRITEBACK_CACHE | FUSE_ATOMIC_O_TRUNC | FUSE_POSIX_LOCKS | FUSE_FLOCK_LOCKS |
                         FUSE_CACHE_SYMLINKS;
  CHECK_EQUAL(agreed->reply.flags & never, 0U);
  const uint32_t always = FUSE_ASYNC_READ | FUSE_EXPORT_SUPPORT | FUSE_BIG_WRITES | FUSE_DONT_MASK |
                          FUSE_AUTO_INVAL_DATA | FUSE_DO_READDIRPLUS | FUSE_PARALLEL_DIROPS | FUSE_MAX_PAGES |
                          FUSE_POSIX_ACL | FUSE_SETXATTR_EXT | FUSE_INIT_EXT;
  CHECK(agreed->capabilities.setxattr_ext);
  CHECK(agreed->capabilities.direct_mmap);
  CHECK_EQUAL(agreed->reply.flags & always, always);
}

TEST("nothing is accepted that the kernel did not offer") {
  const auto agreed = answer(init_of_5_10());
  if (!agreed) return CHECK(false);
  CHECK_EQUAL(agreed->reply.flags & ~0x03fffffbU, 0U);
  CHECK_EQUAL(agreed->reply.flags2, 0U);
  CHECK_EQUAL(agreed->reply.max_stack_depth, 0U);
  CHECK(!agreed->capabilities.passthrough);
  CHECK(!agreed->capabilities.inc_epoch);
  CHECK_EQUAL(agreed->capabilities.protocol_minor, 32U);
  CHECK_EQUAL(agreed->notes.size(), 2U);
}

TEST("without CAP_SYS_ADMIN, or when switched off, passthrough is not agreed and a note says why") {
  const auto unprivileged = answer(init_of_6_18(), {.cap_sys_admin = false});
  CHECK(unprivileged && !unprivileged->capabilities.passthrough && unprivileged->reply.flags2 == 1U << 4);
  CHECK(unprivileged && unprivileged->notes.size() == 1 &&
        unprivileged->notes[0].find("CAP_SYS_ADMIN") != std::string::npos);
  const auto off = answer(init_of_6_18(), {.passthrough = false, .inc_epoch = false});
  CHECK(off && !off->capabilities.passthrough && !off->capabilities.inc_epoch && off->notes.size() == 2);
}

TEST("a newer major version is told ours, an older protocol is refused with a reason") {
  const auto newer = answer(init_of_6_18(8, 0));
  CHECK(newer && newer->kind == Agreement::Kind::other_major && newer->reply.major == 7);
  const auto older = answer(init_of_6_18(7, 12));
  CHECK(older && older->kind == Agreement::Kind::unusable && older->notes.size() == 1);
}

TEST("a minor version of the future is answered with the newest one known") {
  const auto agreed = answer(init_of_6_18(7, 99));
  CHECK(agreed && agreed->reply.minor == 45 && agreed->capabilities.protocol_minor == 45);
}

TEST("a truncated INIT is no INIT") {
  CHECK(!answer(KernelBytes{0x30, 0, 0, 0, 26, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                            0,    0, 0, 0, 0,  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 45, 0, 0, 0}));
}

}  // namespace
