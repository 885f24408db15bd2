#include "session/handshake.h"

#include <errno.h>
#include <poll.h>
#include <sys/mman.h>

#include <memory>

#include "session/error.h"

namespace proxyfs::session {

namespace {

constexpr int kPatienceMs = 10'000;

// INIT is queued by mount(2) itself, so waiting long means that somebody else reads this device.
size_t read_first(Device& device, std::span<std::byte> buffer) {
  pollfd waiting{.fd = device.fd(), .events = POLLIN, .revents = 0};
  int ready = 0;
  do {
    ready = ::poll(&waiting, 1, kPatienceMs);
  } while (ready < 0 && errno == EINTR);
  if (ready == 0) throw SessionError("init", ETIMEDOUT, "the kernel did not begin the FUSE protocol");
  const ssize_t count = device.read(buffer);
  if (count < 0) throw SessionError("init", static_cast<int>(-count), "reading INIT");
  return static_cast<size_t>(count);
}

// The flag says the kernel can; only an attempt says that it will, for this process.
void try_passthrough(const Device& device, Agreement& agreement) {
  if (!agreement.capabilities.passthrough) return;
  const UniqueFd sample(::memfd_create("proxyfs-probe", MFD_CLOEXEC));
  const int id = sample ? device.backing_open(sample.get()) : -errno;
  if (id > 0) {
    device.backing_close(id);
    return;
  }
  agreement.capabilities.passthrough = false;
  agreement.notes.push_back(std::string("the kernel refused passthrough (") + std::strerror(-id) +
                            "): reads are answered by native threads");
}

}  // namespace

Agreement shake_hands(Device& device, const Wanted& wanted) {
  const auto storage = std::make_unique<uint64_t[]>(kBufferSize / sizeof(uint64_t));
  const std::span buffer(reinterpret_cast<std::byte*>(storage.get()), kBufferSize);
  for (int round = 0; round < 2; ++round) {
    const size_t count = read_first(device, buffer);
    const auto request = wire::Request::parse(buffer.first(count));
    auto agreement = request ? negotiate(*request, wanted) : std::nullopt;
    if (!agreement) throw SessionError("init", EPROTO, "the first request was not INIT");
    wire::Reply reply(device, request->header().unique);
    if (agreement->kind == Agreement::Kind::unusable) {
      reply.error(EPROTO);
      throw SessionError("init", EPROTO, agreement->notes.back());
    }
    const int sent = reply.value(agreement->reply);
    if (sent != 0) throw SessionError("init", -sent, "answering INIT");
    if (agreement->kind == Agreement::Kind::other_major) continue;
    try_passthrough(device, *agreement);
    return std::move(*agreement);
  }
  throw SessionError("init", EPROTO, "the kernel insists on another major version of the protocol");
}

}  // namespace proxyfs::session
