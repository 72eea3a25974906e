// Definitions of other tools as a fleet: agent files of Claude Code, a takt workflow, a Gas City
// formula, a CrewAI crew. Knows the formats and the language's text, and nothing of the disk.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "dsl/driver/files.h"

namespace fleet::import {

enum class Format { kClaudeAgents, kTakt, kGasCity, kCrew };
const char* name_of(Format format);  // "a takt workflow"

struct ForeignFile {
  std::string path;
  std::string text;
};

// What a file is by its name and text; nullopt: none of the formats. What is no YAML or TOML may be
// one of them nevertheless: importing it says what is wrong.
std::optional<Format> format_of(const ForeignFile& file);

struct Imported {
  std::string text;                 // in the canonical layout; empty with a problem
  std::string name;                 // of the fleet
  std::vector<std::string> notes;   // what could not be carried over, with whose it is
  std::vector<std::string> unsafe;  // what the old files left open, and what stands there instead
  std::string problem;              // for the user: which file, what, why, what to do; else empty
};

// Files of one format: any number of agent files, one workflow or formula, or a crew's agents.yaml
// with or without its tasks.yaml. `beside`: for files that they name. The text may have errors of
// meaning, such as a secret that a prompt spells out: compile it.
Imported import_fleet(const std::vector<ForeignFile>& files, FileReader& beside);

}  // namespace fleet::import
