// Threads whose start may fail, as a limit of processes or memory makes it.
#pragma once

#include <functional>
#include <string_view>
#include <thread>

#include "engine/base/result.h"

namespace fleet::os {

// `what` it is for, to be told with the error: "start a thread for git: …".
Result<std::thread> start_thread(std::string_view what, std::function<void()> body);

}  // namespace fleet::os
