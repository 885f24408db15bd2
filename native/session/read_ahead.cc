#include "session/read_ahead.h"

#include <fstream>
#include <sstream>

namespace proxyfs::session {

namespace {

// mountinfo writes space, tab, newline and backslash as three octal digits.
std::string unescaped(const std::string& field) {
  std::string text;
  for (size_t at = 0; at < field.size(); ++at) {
    if (field[at] == '\\' && at + 3 < field.size()) {
      text += static_cast<char>(std::stoi(field.substr(at + 1, 3), nullptr, 8));
      at += 3;
    } else {
      text += field[at];
    }
  }
  return text;
}

// "major:minor" of the topmost mount there; empty when there is none.
std::string device_number(const std::string& mount_point) {
  std::ifstream table("/proc/self/mountinfo");
  std::string found;
  for (std::string line; std::getline(table, line);) {
    std::istringstream fields(line);
    std::string id, parent, device, root, point;
    fields >> id >> parent >> device >> root >> point;
    if (unescaped(point) == mount_point) found = device;
  }
  return found;
}

}  // namespace

bool widen_read_ahead(const std::string& mount_point, unsigned kibibytes) {
  const std::string device = device_number(mount_point);
  if (device.empty()) return false;
  std::ofstream setting("/sys/class/bdi/" + device + "/read_ahead_kb");
  setting << kibibytes << std::flush;
  return setting.good();
}

}  // namespace proxyfs::session
