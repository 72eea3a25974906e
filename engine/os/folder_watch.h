// Wakes whoever waits for files: inotify on folders, and a thread that sleeps until one appears.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace fleet::os {

class FolderWatch {
 public:
  // `arrived` is called on the watch's thread, once or more for each file that appears in one of
  // the folders, or that somebody has written to, after `start` has returned.
  static Result<std::unique_ptr<FolderWatch>> start(const std::vector<std::string>& folders,
                                                    std::function<void()> arrived);
  // Ends the thread; `arrived` is not called any more.
  ~FolderWatch();

 private:
  FolderWatch() = default;
  void listen(const std::function<void()>& arrived);

  UniqueFd events_;
  UniqueFd stop_;
  std::thread thread_;
};

}  // namespace fleet::os
