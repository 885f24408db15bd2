#include "session/signals.h"

#include <signal.h>

#include <mutex>

namespace proxyfs::session {

namespace {

// Node, libuv and glibc use none of the upper real-time signals.
int wake_signal() { return SIGRTMAX - 3; }

}  // namespace

void prepare_thread(const char* name) {
  pthread_setname_np(pthread_self(), name);
  sigset_t blocked;
  sigfillset(&blocked);
  sigdelset(&blocked, wake_signal());
  pthread_sigmask(SIG_SETMASK, &blocked, nullptr);
}

void install_wake_handler() {
  static std::once_flag once;
  std::call_once(once, [] {
    struct sigaction action {};
    action.sa_handler = [](int) {};
    sigemptyset(&action.sa_mask);
    action.sa_flags = 0;  // no SA_RESTART: the read must return
    sigaction(wake_signal(), &action, nullptr);
  });
}

void wake(pthread_t thread) { pthread_kill(thread, wake_signal()); }

}  // namespace proxyfs::session
