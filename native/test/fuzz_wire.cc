// Fuzz target for the request reader; fuzz.sh runs it with libFuzzer or with fuzz_mutate.cc, for example:
//   clang++ -std=c++20 -g -fsanitize=fuzzer,address -I.. fuzz_wire.cc ../wire/*.cc
// Every view a request hands out must lie inside the bytes it was given.
#include <cstdlib>
#include <cstring>
#include <vector>

#include "wire/request.h"

namespace {

volatile unsigned char sink;

void touch(std::span<const std::byte> view) {
  for (const std::byte byte : view) sink = static_cast<unsigned char>(byte);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // A fresh block of exactly this length: operator new aligns it, and the sanitizer guards its end.
  std::vector<std::byte> storage(size);
  if (size > 0) std::memcpy(storage.data(), data, size);
  const auto request = proxyfs::wire::Request::parse(storage);
  if (!request) return 0;
  touch(request->body());
  const size_t skips[] = {0, 8, sizeof(fuse_rename2_in), sizeof(fuse_create_in), sizeof(fuse_write_in)};
  for (const size_t skip : skips) {
    touch(request->payload(skip));
    for (size_t index = 0; index < 3; ++index) {
      if (const auto name = request->name(skip, index)) touch(std::as_bytes(std::span(*name)));
    }
  }
  if (const auto* write = request->arg<fuse_write_in>()) touch(std::as_bytes(std::span(write, 1)));
  return 0;
}
