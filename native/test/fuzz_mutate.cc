// Drives the fuzz target where there is no libFuzzer: well-formed requests, damaged in a way that
// is random and the same on every run. argv[1] is the number of inputs.
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "wire/protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);

namespace {

using Bytes = std::vector<uint8_t>;
std::mt19937 numbers(20240229);  // NOLINT: the same on every run, on purpose

size_t below(size_t bound) { return bound == 0 ? 0 : numbers() % bound; }

// A header of this opcode, its fixed argument as zeros, and two names.
Bytes well_formed() {
  static constexpr const char* kNames[] = {"", ".", "..", "clip.mov", "a/b", "new\nline", "\xff\xfe"};
  const size_t argument = 8 * below(17);
  std::string text(sizeof(fuse_in_header) + argument, '\0');
  for (int count = 0; count < 2; ++count) {
    text += kNames[below(std::size(kNames))];
    text += '\0';
  }
  fuse_in_header header{};
  header.len = static_cast<uint32_t>(text.size());
  header.opcode = static_cast<uint32_t>(below(64));
  std::memcpy(text.data(), &header, sizeof header);
  return {text.begin(), text.end()};
}

void damage(Bytes& bytes) {
  static constexpr uint32_t kEdges[] = {0, 1, 39, 40, 41, 0x7fffffff, 0x80000000, 0xffffffff};
  switch (below(5)) {
    case 0:
      if (!bytes.empty()) bytes[below(bytes.size())] ^= static_cast<uint8_t>(1U << below(8));
      break;
    case 1:
      bytes.resize(below(bytes.size() + 1));
      break;
    case 2:
      bytes.insert(bytes.end(), below(300), static_cast<uint8_t>(numbers()));
      break;
    case 3:
      for (auto& byte : bytes) {
        if (below(16) == 0) byte = static_cast<uint8_t>(numbers());
      }
      break;
    default:
      if (bytes.size() >= 4) {
        std::memcpy(bytes.data() + below(bytes.size() - 3), &kEdges[below(std::size(kEdges))], sizeof(uint32_t));
      }
  }
}

// Otherwise nearly all would end at the first check.
void make_length_fit(Bytes& bytes) {
  if (bytes.size() < sizeof(uint32_t)) return;
  const auto length = static_cast<uint32_t>(bytes.size());
  std::memcpy(bytes.data(), &length, sizeof length);
}

}  // namespace

int main(int argc, char** argv) {
  const long runs = argc > 1 ? std::atol(argv[1]) : 0;
  if (runs <= 0) return 2;
  for (long run = 0; run < runs; ++run) {
    Bytes bytes = well_formed();
    for (size_t times = below(4); times > 0; --times) damage(bytes);
    if (below(4) != 0) make_length_fit(bytes);
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
  std::printf("%ld inputs\n", runs);
  return 0;
}
