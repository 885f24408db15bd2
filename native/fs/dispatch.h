// Which operation answers which opcode.
#pragma once

#include "fs/volume.h"

namespace proxyfs::fs {

void dispatch(Call& call);

}  // namespace proxyfs::fs
