#include "fs/open_retry.h"

#include <thread>

#include "test/harness.h"

namespace {

using proxyfs::fs::FileId;
using proxyfs::fs::OpenRetries;

constexpr FileId kClip{1, 100};
constexpr FileId kOther{1, 200};

TEST("the open behind the lookup that follows an ESTALE is let through, once") {
  OpenRetries retries;
  retries.begin(42, kClip);
  retries.looked_up(42, kClip, 7);
  CHECK(retries.take(42, 7));
  CHECK(!retries.take(42, 7));
}

TEST("the last lookup counts: revalidation is one of two") {
  OpenRetries retries;
  retries.begin(42, kClip);
  retries.looked_up(42, kClip, 7);
  retries.looked_up(42, kClip, 8);
  CHECK(retries.take(42, 8));
}

TEST("an open is expected from its lookup until it comes, or until patience ends") {
  OpenRetries retries;
  retries.begin(42, kClip);
  CHECK(retries.expected().empty());
  retries.wait();
  retries.looked_up(42, kClip, 7);
  CHECK_EQUAL(retries.expected().size(), 1U);
  std::thread opener([&] { CHECK(retries.take(42, 7)); });
  retries.wait();
  opener.join();
  CHECK(retries.expected().empty());

  retries.begin(42, kClip);
  retries.looked_up(42, kClip, 7);
  retries.wait();  // nobody comes
  CHECK(retries.expected().empty());
  CHECK(!retries.take(42, 7));
}

TEST("no lookup since, another thread, another file or another node: no") {
  OpenRetries retries;
  retries.begin(42, kClip);
  CHECK(!retries.take(42, 7));
  retries.looked_up(42, kClip, 7);
  CHECK(!retries.take(42, 7));

  retries.begin(42, kClip);
  retries.looked_up(43, kClip, 7);
  retries.looked_up(42, kOther, 7);
  CHECK(!retries.take(43, 7));
  CHECK(!retries.take(42, 7));

  retries.begin(42, kClip);
  retries.looked_up(42, kClip, 7);
  CHECK(!retries.take(42, 9));
  CHECK(!retries.take(42, 7));
}

TEST("who comes again with no lookup between comes straight back") {
  OpenRetries retries;
  CHECK(!retries.came_straight_back(42, kClip));
  retries.begin(42, kClip);
  CHECK(retries.came_straight_back(42, kClip));
  CHECK(!retries.came_straight_back(42, kOther));
  CHECK(!retries.came_straight_back(43, kClip));
  retries.looked_up(42, kClip, 7);
  CHECK(!retries.came_straight_back(42, kClip));

  retries.begin(42, kClip);
  CHECK(!retries.take(42, 7));  // its open has come
  CHECK(!retries.came_straight_back(42, kClip));
}

TEST("threads that share a slot only lose their privilege") {
  OpenRetries retries;
  retries.begin(1, kClip);
  retries.begin(65, kClip);
  retries.looked_up(1, kClip, 7);
  retries.looked_up(65, kClip, 7);
  CHECK(!retries.take(1, 7));
  CHECK(retries.take(65, 7));
  CHECK(!retries.take(65, 7));
}

TEST("threads of another pid namespace, which all come as 0, get no privilege") {
  OpenRetries retries;
  retries.begin(0, kClip);
  retries.looked_up(0, kClip, 7);
  CHECK(!retries.take(0, 7));
}

}  // namespace
