// What can go wrong between asking for a mount and having one: the step, and the errno.
#pragma once

#include <cstring>
#include <stdexcept>
#include <string>

namespace proxyfs::session {

class SessionError : public std::runtime_error {
 public:
  // `step` is one of open-device, open-source, mount, fusermount, init, unmount.
  SessionError(const char* step, int error, const std::string& what)
      : std::runtime_error(what + ": " + std::strerror(error)), step_(step), error_(error) {}

  const char* step() const { return step_; }
  int error() const { return error_; }

 private:
  const char* step_;
  int error_;
};

}  // namespace proxyfs::session
