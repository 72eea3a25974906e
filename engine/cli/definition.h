// A fleet file as the resident engine wants it, and what an edit of it changes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/resident/resident.h"

namespace fleet::cli {

struct Definition {
  resident::Fleet fleet;
  std::string repository;            // a folder in it
  std::vector<std::string> sources;  // files that it was read from
  std::vector<std::string> said;     // what of it is not resident, and who to ask for it
};

// Whatever is wrong is said on stderr; nothing then, and `exit_code` is set.
std::optional<Definition> define(const std::string& file, int& exit_code);

// One line for each thing that works unasked and is new, gone or not what it was; and for limits.
std::vector<std::string> changes(const resident::Fleet& before, const resident::Fleet& after);

// "every 24h", "on pr.opened", "always on".
std::string when_of(const resident::Duty& duty);

}  // namespace fleet::cli
