// The first exchange on a fresh connection.
#pragma once

#include "session/device.h"
#include "session/negotiate.h"

namespace proxyfs::session {

// Reads INIT, answers it and tries what was agreed. Throws SessionError("init").
Agreement shake_hands(Device& device, const Wanted& wanted);

}  // namespace proxyfs::session
