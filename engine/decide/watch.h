// Wakes the engine when a decision arrives: inotify on the box, a thread that sleeps until then.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>

#include "engine/base/result.h"
#include "engine/base/unique_fd.h"

namespace fleet::decide {

class BoxWatch {
 public:
  // `arrived` is called on the watch's thread, once or more for each file that appears in `folder`
  // after `start` has returned.
  static Result<std::unique_ptr<BoxWatch>> start(const std::string& folder,
                                                 std::function<void()> arrived);
  // Ends the thread; `arrived` is not called any more.
  ~BoxWatch();

 private:
  BoxWatch() = default;
  void listen(const std::function<void()>& arrived);

  UniqueFd events_;
  UniqueFd stop_;
  std::thread thread_;
};

}  // namespace fleet::decide
