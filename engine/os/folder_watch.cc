#include "engine/os/folder_watch.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>

#include "engine/os/thread.h"

namespace fleet::os {

Result<std::unique_ptr<FolderWatch>> FolderWatch::start(const std::vector<std::string>& folders,
                                                        std::function<void()> arrived) {
  std::unique_ptr<FolderWatch> watch(new FolderWatch);
  watch->events_.reset(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!watch->events_)
    return os_error("inotify_init", "to watch folders", errno);
  // A link appears as created.
  for (const std::string& folder : folders)
    if (::inotify_add_watch(watch->events_.get(), folder.c_str(),
                            IN_CREATE | IN_MOVED_TO | IN_CLOSE_WRITE) < 0)
      return os_error("inotify_add_watch", folder, errno);
  watch->stop_.reset(::eventfd(0, EFD_CLOEXEC));
  if (!watch->stop_)
    return os_error("eventfd", "to watch folders", errno);
  FLEET_TRY(watch->thread_, os::start_thread("the watch of folders",
                                             [raw = watch.get(), arrived = std::move(arrived)] {
                                               raw->listen(arrived);
                                             }));
  return watch;
}

FolderWatch::~FolderWatch() {
  if (!thread_.joinable())
    return;
  const std::uint64_t one = 1;
  while (::write(stop_.get(), &one, sizeof one) < 0 && errno == EINTR) {
  }
  thread_.join();
}

void FolderWatch::listen(const std::function<void()>& arrived) {
  std::array<pollfd, 2> waits{{{events_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
  for (;;) {
    if (::poll(waits.data(), waits.size(), -1) < 0 && errno != EINTR)
      return;
    if (waits[1].revents != 0)
      return;
    if (waits[0].revents == 0)
      continue;
    // What the events say does not matter: whoever is woken looks at the folder.
    alignas(inotify_event) std::array<char, 4096> drained{};
    while (::read(events_.get(), drained.data(), drained.size()) > 0) {
    }
    arrived();
  }
}

}  // namespace fleet::os
