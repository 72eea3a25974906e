#include "engine/cli/texts.h"

#include <filesystem>

#include "engine/os/files.h"

namespace fleet::cli {

Status replace_text(const std::string& file, const std::string& text) {
  constexpr mode_t kNew = 0644;
  std::error_code problem;
  if (!std::filesystem::exists(std::filesystem::symlink_status(file, problem)))
    return os::system_files().write_atomic(file, text, kNew);
  const std::filesystem::path target = std::filesystem::canonical(file, problem);
  const auto mode = problem ? std::filesystem::perms::none
                            : std::filesystem::status(target, problem).permissions();
  if (problem)
    return Error(Errc::kIo, file + ": " + problem.message());
  return os::system_files().write_atomic(target.native(), text, static_cast<mode_t>(mode) & 07777);
}

}  // namespace fleet::cli
