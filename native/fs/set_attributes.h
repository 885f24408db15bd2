// SETATTR: mode, owner, size and times, on the master; what a replaced path takes and what it refuses.
#pragma once

#include "fs/attributes.h"

namespace proxyfs::fs {

void set_attributes(Call& call);

}  // namespace proxyfs::fs
