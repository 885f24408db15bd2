// Signals and native threads: the host program's signals stay with its main thread, and one
// real-time signal gets a thread out of a blocking read.
#pragma once

#include <pthread.h>

namespace proxyfs::session {

// Called first in each thread: names it and blocks every signal but the wake signal.
void prepare_thread(const char* name);

// Process-wide, once: a handler that does nothing, so that a blocked read returns EINTR.
void install_wake_handler();

// One nudge. It may arrive just before the read begins and be lost: repeat until the thread has answered.
void wake(pthread_t thread);

}  // namespace proxyfs::session
