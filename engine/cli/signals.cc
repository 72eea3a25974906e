#include "engine/cli/signals.h"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

#include <cerrno>

#include "engine/os/thread.h"

namespace fleet::cli {
namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (int number : {SIGINT, SIGTERM, SIGHUP})
    sigaddset(&set, number);
  return set;
}

}  // namespace

void ignore_broken_pipes() {
  signal(SIGPIPE, SIG_IGN);
}

void block_stop_signals() {
  const sigset_t set = stop_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

Result<std::unique_ptr<SignalWatch>> SignalWatch::start(OnSignal on_signal) {
  std::unique_ptr<SignalWatch> watch(new SignalWatch);
  const sigset_t set = stop_signals();
  watch->signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC));
  watch->stop_.reset(::eventfd(0, EFD_CLOEXEC));
  if (!watch->signals_ || !watch->stop_)
    return os_error("signalfd or eventfd", "for Ctrl-C", errno);
  FLEET_TRY(watch->thread_,
            os::start_thread("Ctrl-C", [watch = watch.get(), on_signal = std::move(on_signal)] {
              watch->listen(on_signal);
            }));
  return watch;
}

void SignalWatch::listen(const OnSignal& on_signal) {
  for (int count = 1;;) {
    pollfd ready[2] = {{signals_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}};
    if (::poll(ready, 2, -1) < 0 && errno != EINTR)
      return;
    if (ready[1].revents != 0)
      return;
    signalfd_siginfo info{};
    if (ready[0].revents != 0 && ::read(signals_.get(), &info, sizeof info) == sizeof info)
      on_signal(static_cast<int>(info.ssi_signo), count++);
  }
}

SignalWatch::~SignalWatch() {
  if (!thread_.joinable())
    return;
  const std::uint64_t one = 1;
  (void)!::write(stop_.get(), &one, sizeof one);
  thread_.join();
}

}  // namespace fleet::cli
