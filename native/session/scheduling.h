// How soon the threads of the data plane run.
#pragma once

namespace proxyfs::session {

// This thread does little at a time, and a program waits for it: it is let run before threads that have work for
// longer, such as the daemon's own. Asks for time slices of 0.1 ms (sched_setattr(2), Linux 6.12); an older
// kernel takes no notice. Needs no privilege, and takes no time from others. False when it was refused.
bool prefer_promptness();

}  // namespace proxyfs::session
