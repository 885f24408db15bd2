#include "wire/reply.h"

#include <array>
#include <cstdio>
#include <cstdlib>

namespace proxyfs::wire {

namespace {

// A request answered twice or never leaves a process of the user stuck in the kernel: stop here.
[[noreturn]] void broken(const char* what, uint64_t unique) {
  std::fprintf(stderr, "proxyfs: request %llu %s\n", static_cast<unsigned long long>(unique), what);
  std::abort();
}

}  // namespace

Reply::~Reply() {
  if (!sent_) broken("was not answered", unique_);
}

int Reply::error(int error) { return send(error, {}); }

int Reply::data(std::span<const std::byte> bytes) {
  const std::array parts{bytes};
  return send(0, parts);
}

bool Reply::file(int fd, uint64_t offset, size_t size) {
  if (sent_) broken("was answered twice", unique_);
  sent_ = sink_.send_file(unique_, fd, offset, size).has_value();
  return sent_;
}

void Reply::none() {
  if (sent_) broken("was answered twice", unique_);
  sent_ = true;
}

int Reply::data2(std::span<const std::byte> a, std::span<const std::byte> b) {
  const std::array parts{a, b};
  return send(0, parts);
}

int Reply::send(int error, std::span<const std::span<const std::byte>> parts) {
  if (sent_) broken("was answered twice", unique_);
  sent_ = true;
  return sink_.send(unique_, error, parts);
}

}  // namespace proxyfs::wire
