#include "session/fusermount.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <array>
#include <cstring>
#include <optional>
#include <vector>

#include "session/error.h"
#include "session/mount.h"
#include "session/negotiate.h"

extern char** environ;

namespace proxyfs::session {

namespace {

// Where the child finds its end of the socket.
constexpr int kChildSocket = 3;

struct Outcome {
  int spawn_error = 0;  // fusermount3 could not even be started
  int status = 0;
  std::string message;  // the last line it wrote to stderr
};

std::vector<std::string> environment() {
  std::vector<std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    if (std::strncmp(*entry, "_FUSE_COMMFD=", 13) != 0 && std::strncmp(*entry, "LC_ALL=", 7) != 0) {
      variables.emplace_back(*entry);
    }
  }
  variables.emplace_back("LC_ALL=C");  // its words are compared with strerror below
  variables.emplace_back("_FUSE_COMMFD=" + std::to_string(kChildSocket));
  return variables;
}

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> list;
  for (auto& string : strings) list.push_back(string.data());
  list.push_back(nullptr);
  return list;
}

std::string read_all(int fd) {
  std::string text;
  std::array<char, 512> chunk;
  for (;;) {
    const ssize_t count = ::read(fd, chunk.data(), chunk.size());
    if (count > 0) {
      text.append(chunk.data(), static_cast<size_t>(count));
    } else if (count == 0 || errno != EINTR) {
      return text;
    }
  }
}

std::string last_line(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text.substr(text.rfind('\n') + 1);
}

Outcome run(std::vector<std::string> arguments, int socket) {
  int pipe_ends[2];
  if (::pipe2(pipe_ends, O_CLOEXEC) != 0) return {.spawn_error = errno, .status = 0, .message = {}};
  UniqueFd reader(pipe_ends[0]);
  UniqueFd writer(pipe_ends[1]);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, writer.get(), STDERR_FILENO);
  if (socket >= 0) posix_spawn_file_actions_adddup2(&actions, socket, kChildSocket);
  // The host program's threads may block signals; the child must die of them as usual.
  posix_spawnattr_t attributes;
  posix_spawnattr_init(&attributes);
  sigset_t none;
  sigemptyset(&none);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);

  auto variables = environment();
  arguments.insert(arguments.begin(), "fusermount3");
  pid_t pid = -1;
  Outcome outcome;
  outcome.spawn_error = ::posix_spawnp(&pid, "fusermount3", &actions, &attributes, pointers(arguments).data(),
                                       pointers(variables).data());
  posix_spawnattr_destroy(&attributes);
  posix_spawn_file_actions_destroy(&actions);
  writer.reset();
  if (outcome.spawn_error != 0) return outcome;
  outcome.message = last_line(read_all(reader.get()));
  while (::waitpid(pid, &outcome.status, 0) < 0 && errno == EINTR) {
  }
  return outcome;
}

// fusermount3 reports in words; they end in the strerror text of what the kernel answered, which is
// taken off: SessionError puts it back.
int split_error(std::string& message) {
  for (const int error : {EBUSY, EACCES, EPERM, ENOENT, ENOTDIR, ENODEV, EINVAL, ENOTCONN}) {
    const std::string ending = std::string(": ") + strerrordesc_np(error);
    if (!message.ends_with(ending)) continue;
    message.resize(message.size() - ending.size());
    return error;
  }
  return EPERM;
}

[[noreturn]] void fail(const char* step, const Outcome& outcome) {
  if (outcome.spawn_error != 0) throw SessionError(step, outcome.spawn_error, "fusermount3 cannot be started");
  std::string message = outcome.message.empty() ? "fusermount3 failed without a message" : outcome.message;
  const int error = split_error(message);
  throw SessionError(step, error, message);
}

bool failed(const Outcome& outcome) {
  return outcome.spawn_error != 0 || !WIFEXITED(outcome.status) || WEXITSTATUS(outcome.status) != 0;
}

std::optional<UniqueFd> receive_fd(int socket) {
  char byte = 0;
  iovec data{&byte, 1};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control;
  msghdr message{};
  message.msg_iov = &data;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  ssize_t count = 0;
  do {
    count = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  } while (count < 0 && errno == EINTR);
  const cmsghdr* header = count > 0 ? CMSG_FIRSTHDR(&message) : nullptr;
  if (header == nullptr || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) return std::nullopt;
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(header), sizeof fd);
  return UniqueFd(fd);
}

// Commas and backslashes separate options.
std::string escaped(const std::string& value) {
  std::string text;
  for (const char c : value) {
    if (c == ',' || c == '\\') text += '\\';
    text += c;
  }
  return text;
}

}  // namespace

UniqueFd fusermount_mount(const MountSpec& spec) {
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
    const int error = errno;
    throw SessionError("fusermount", error, "no socket for fusermount3");
  }
  UniqueFd ours(ends[0]);
  UniqueFd theirs(ends[1]);
  std::string options = "nosuid,nodev,subtype=proxyfs,default_permissions,max_read=" + std::to_string(kMaxRead) +
                        ",fsname=" + escaped(spec.fs_name);
  if (spec.allow_other) options += ",allow_other";
  if (spec.no_exec) options += ",noexec";
  const Outcome outcome = run({"-o", options, "--", spec.mount_point}, theirs.get());
  theirs.reset();
  if (failed(outcome)) fail("fusermount", outcome);
  auto device = receive_fd(ours.get());
  if (!device) throw SessionError("fusermount", EPROTO, "fusermount3 sent no device");
  return std::move(*device);
}

void fusermount_unmount(const std::string& mount_point, bool detach) {
  std::vector<std::string> arguments{"-u"};
  if (detach) arguments.emplace_back("-z");
  arguments.insert(arguments.end(), {"--", mount_point});
  const Outcome outcome = run(std::move(arguments), -1);
  if (failed(outcome)) fail("unmount", outcome);
}

}  // namespace proxyfs::session
