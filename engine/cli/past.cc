#include "engine/cli/past.h"

#include <signal.h>

#include <cerrno>
#include <cstdlib>

#include "engine/cli/exit_codes.h"
#include "engine/cli/foreground.h"
#include "engine/cli/terminal.h"
#include "engine/os/files.h"

namespace fleet::cli {

Result<Past> open_past() {
  Past past;
  flow::EngineOptions options;
  options.repository = ".";
  options.environment = environment();
  FLEET_TRY(past.places, flow::find_places(options));
  auto reader = journal::JournalReader::open(past.places.state_dir);
  if (!reader && reader.error().code() == Errc::kNotFound)
    return Error(Errc::kNotFound,
                 "nothing was ever run in this repository: `fleetc run FILE` begins");
  if (!reader)
    return std::move(reader).error();
  past.reader = *std::move(reader);
  return past;
}

// To try the lock would be in the way of an engine that starts just now, so that is done only while
// a process with the last engine's number lives: it may be another one by now.
bool engine_at_work(const flow::Places& places) {
  const std::string file = places.state_dir + "/state.lock";
  const std::string holder = os::lock_holder(file);
  const long pid = std::strtol(holder.c_str(), nullptr, 10);
  if (pid <= 0 || (::kill(static_cast<pid_t>(pid), 0) != 0 && errno == ESRCH))
    return false;
  const auto lock = os::system_files().lock_file(file);
  return !lock && lock.error().code() == Errc::kBusy;
}

int refuse(const Error& error) {
  complain(error);
  return error.code() == Errc::kNotFound ? kUsage : kRunFailed;
}

}  // namespace fleet::cli
