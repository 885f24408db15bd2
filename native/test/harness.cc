// Runs every registered case of this program and prints one TAP line for each.
#include "test/harness.h"

#include <exception>

namespace proxyfs::test {

namespace {

int failures = 0;

void run(const Case& test, size_t number) {
  const int before = failures;
  try {
    test.body();
  } catch (const std::exception& error) {
    report(false, error.what(), "exception", 0);
  }
  std::printf("%s %zu - %s\n", failures == before ? "ok" : "not ok", number, test.title);
}

}  // namespace

std::vector<Case>& cases() {
  static std::vector<Case> list;
  return list;
}

void report(bool holds, const char* expression, const char* file, int line, const std::string& detail) {
  if (holds) return;
  ++failures;
  std::printf("# %s:%d: %s%s%s\n", file, line, expression, detail.empty() ? "" : ": ", detail.c_str());
}

}  // namespace proxyfs::test

int main() {
  using namespace proxyfs::test;
  std::printf("TAP version 14\n1..%zu\n", cases().size());
  for (size_t index = 0; index < cases().size(); ++index) {
    run(cases()[index], index + 1);
    std::fflush(stdout);
  }
  return failures == 0 ? 0 : 1;
}
