#include "engine/os/thread.h"

#include <system_error>
#include <utility>

namespace fleet::os {

Result<std::thread> start_thread(std::string_view what, std::function<void()> body) {
  try {
    return std::thread(std::move(body));
  } catch (const std::system_error& error) {
    return os_error("start a thread for", what, error.code().value());
  }
}

}  // namespace fleet::os
