// The smallest harness that prints TAP: TEST defines and registers a case, CHECK states what must hold.
#pragma once

#include <cstdio>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

namespace proxyfs::test {

struct Case {
  const char* title;
  void (*body)();
};

std::vector<Case>& cases();
void report(bool holds, const char* expression, const char* file, int line, const std::string& detail = "");

struct Registration {
  Registration(const char* title, void (*body)()) { cases().push_back({title, body}); }
};

template <typename A, typename B>
void report_equal(const A& actual, const B& expected, const char* expression, const char* file, int line) {
  std::ostringstream detail;
  if constexpr (requires { detail << actual << expected; }) detail << "got " << actual << ", expected " << expected;
  report(actual == expected, expression, file, line, detail.str());
}

}  // namespace proxyfs::test

#define PROXYFS_JOIN2(a, b) a##b
#define PROXYFS_JOIN(a, b) PROXYFS_JOIN2(a, b)
#define TEST(title)                                                                                  \
  static void PROXYFS_JOIN(case_, __LINE__)();                                                       \
  static const ::proxyfs::test::Registration PROXYFS_JOIN(registration_, __LINE__)(                  \
      title, PROXYFS_JOIN(case_, __LINE__));                                                         \
  static void PROXYFS_JOIN(case_, __LINE__)()
#define CHECK(expression) ::proxyfs::test::report(static_cast<bool>(expression), #expression, __FILE__, __LINE__)
#define CHECK_EQUAL(actual, expected) \
  ::proxyfs::test::report_equal((actual), (expected), #actual " == " #expected, __FILE__, __LINE__)
