// A fleet file as the resident engine wants it, and what an edit of it changes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dsl/sema/model.h"
#include "engine/resident/resident.h"

namespace fleet::cli {

// What a definition is for. A simulation takes what the engine does not carry out yet, and what
// people begin: a flow in `load` that no event starts.
enum class Purpose { kServe, kSimulate };

struct Definition {
  resident::Fleet fleet;
  std::shared_ptr<const sema::Model> model;
  std::vector<std::string> not_executed;  // kSimulate: what `up` would refuse, a line each
  std::string repository;                 // a folder in it
  std::vector<std::string> sources;       // files that it was read from
  std::string text;  // of them, one after the other, as far as they are on the disk
};

// Whatever is wrong is said on stderr; nothing then, and `exit_code` is set. `sources`, if any: as
// of the definition, also where there is none.
std::optional<Definition> define(const std::string& file, int& exit_code,
                                 Purpose purpose = Purpose::kServe,
                                 std::vector<std::string>* sources = nullptr);

// One line for each thing that works unasked and is new, gone or not what it was; and for limits.
std::vector<std::string> changes(const resident::Fleet& before, const resident::Fleet& after);

// "every 24h", "on pr.opened", "always on".
std::string when_of(const resident::Duty& duty);

}  // namespace fleet::cli
