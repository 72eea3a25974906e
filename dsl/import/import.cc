#include "dsl/import/import.h"

#include <algorithm>

#include <fmt/format.h>

#include "dsl/base/source.h"
#include "dsl/base/utf8.h"
#include "dsl/format/format.h"
#include "dsl/import/formats.h"
#include "dsl/import/lay_out.h"

namespace fleet::import {
namespace {

constexpr std::size_t kMostBytes = 1 << 20;  // of all files together; a fleet is bounded by 2 MiB

bool ends_with_one_of(std::string_view path, std::initializer_list<std::string_view> endings) {
  return std::ranges::any_of(endings,
                             [path](std::string_view ending) { return path.ends_with(ending); });
}

std::string_view base_name(std::string_view path) {
  return path.substr(path.rfind('/') == std::string_view::npos ? 0 : path.rfind('/') + 1);
}

bool is_crew_agent(const Value& value) {
  return value.has("role") && (value.has("goal") || value.has("backstory"));
}

bool is_crew_task(const Value& value) {
  return value.has("description") && (value.has("expected_output") || value.has("agent"));
}

bool is_text(std::string_view text) {
  if (text.find('\0') != std::string_view::npos)
    return false;
  for (std::size_t at = 0; at < text.size();) {
    const CodePoint point = decode_utf8(text, at);
    if (!point.valid)
      return false;
    at += point.length;
  }
  return true;
}

Value parsed(const ForeignFile& file, Parsed (*read)(std::string_view), std::string& problem) {
  Parsed parsed = read(file.text);
  if (!parsed.problem.empty() && problem.empty())
    problem = file.path + ": " + parsed.problem;
  return std::move(parsed.value);
}

Drafted crew(const std::vector<ForeignFile>& files, std::string& problem) {
  Value agents, tasks;
  for (const ForeignFile& file : files) {
    Value value = parsed(file, read_yaml, problem);
    if (!problem.empty())
      return {};
    const bool has_agents =
        std::ranges::any_of(value.map, [](const auto& one) { return is_crew_agent(one.second); });
    Value& part = has_agents ? agents : tasks;
    if (part.is_map()) {
      problem = fmt::format("{} is a second file of {}: name one crew", file.path,
                            has_agents ? "agents" : "tasks");
      return {};
    }
    part = std::move(value);
  }
  if (!agents.is_map()) {
    problem = fmt::format(
        "{} has the tasks of a crew, but who does them is in its agents.yaml: name "
        "both files, or their folder",
        files.front().path);
    return {};
  }
  Drafted drafted = from_crew(agents, tasks);
  if (!drafted.problem.empty())
    problem = files.back().path + ": " + drafted.problem;
  return drafted;
}

Drafted draft_of(Format format, const std::vector<ForeignFile>& files, FileReader& beside,
                 std::string& problem) {
  const ForeignFile& first = files.front();
  if (format == Format::kClaudeAgents) {
    std::vector<Input> inputs;
    for (const ForeignFile& file : files)
      inputs.push_back({file.path, file.text});
    Drafted drafted = from_claude_agents(inputs);
    problem = drafted.problem;
    return drafted;
  }
  if (format == Format::kCrew)
    return crew(files, problem);
  if (files.size() > 1) {
    problem = fmt::format("{} and {} are two of {}: name one", first.path, files[1].path,
                          format == Format::kTakt ? "takt's workflows" : "Gas City's formulas");
    return {};
  }
  const Value root = parsed(first, format == Format::kTakt ? read_yaml : read_toml, problem);
  if (!problem.empty())
    return {};
  Drafted drafted = format == Format::kTakt ? from_takt({first.path, first.text}, root, beside)
                                            : from_gas_city(root);
  if (!drafted.problem.empty())
    problem = first.path + " " + drafted.problem;
  return drafted;
}

void collect_notes(const Draft& draft, std::vector<std::string>& notes) {
  notes = draft.notes;
  for (const DraftRole& role : draft.roles)
    for (const std::string& note : role.notes)
      notes.push_back("`" + role.name + "`: " + note);
  for (const DraftFlow& flow : draft.flows)
    for (const DraftStep& step : flow.steps)
      for (const std::string& note : step.notes)
        notes.push_back("`" + step.name + "`: " + note);
}

}  // namespace

const char* name_of(Format format) {
  switch (format) {
    case Format::kClaudeAgents: return "agent files of Claude Code";
    case Format::kTakt: return "a takt workflow";
    case Format::kGasCity: return "a Gas City formula";
    case Format::kCrew: return "a CrewAI crew";
  }
  return "?";
}

std::optional<Format> format_of(const ForeignFile& file) {
  if (!is_text(file.text))
    return std::nullopt;
  if (ends_with_one_of(file.path, {".md"}))
    return file.text.starts_with("---") ? std::optional(Format::kClaudeAgents) : std::nullopt;
  if (ends_with_one_of(file.path, {".toml"})) {
    const Parsed root = read_toml(file.text);
    const bool is = !root.problem.empty() || root.value.has("formula") || root.value.has("steps");
    return is ? std::optional(Format::kGasCity) : std::nullopt;
  }
  if (!ends_with_one_of(file.path, {".yaml", ".yml"}))
    return std::nullopt;
  const Parsed root = read_yaml(file.text);
  const std::string_view name = base_name(file.path);
  if (!root.problem.empty())
    return name.starts_with("agents.") || name.starts_with("tasks.") ? Format::kCrew
                                                                     : Format::kTakt;
  if (root.value["steps"].is_list() || root.value["movements"].is_list())
    return Format::kTakt;
  for (const auto& [key, value] : root.value.map)
    if (is_crew_agent(value) || is_crew_task(value))
      return Format::kCrew;
  return std::nullopt;
}

Imported import_fleet(const std::vector<ForeignFile>& files, FileReader& beside) {
  Imported out;
  std::optional<Format> format;
  std::size_t bytes = 0;
  for (const ForeignFile& file : files) {
    bytes += file.text.size();
    if (!is_text(file.text)) {
      out.problem = file.path + " is no text in UTF-8";
      return out;
    }
    const std::optional<Format> own = format_of(file);
    if (!own) {
      out.problem =
          file.path +
          " is none of the formats that can be imported: agent files of Claude Code (.md), a "
          "takt workflow (.yaml), a Gas City formula (.toml), a CrewAI crew (agents.yaml, "
          "tasks.yaml)";
      return out;
    }
    if (format && *format != *own) {
      out.problem = fmt::format("{} is of another format than {}: {} and {}; import one at a time",
                                file.path, files.front().path, name_of(*own), name_of(*format));
      return out;
    }
    format = own;
  }
  if (!format) {
    out.problem = "there is nothing to import";
    return out;
  }
  if (bytes > kMostBytes) {
    out.problem = fmt::format("{} and the rest are larger than 1 MiB together", files.front().path);
    return out;
  }
  Drafted drafted = draft_of(*format, files, beside, out.problem);
  if (!out.problem.empty())
    return out;
  Draft& draft = drafted.draft;
  draft.origin = fmt::format("{}, {}{}", name_of(*format), files.front().path,
                             files.size() > 1 ? fmt::format(" and {} more", files.size() - 1) : "");
  const std::string text = lay_out(draft);
  SourceMap sources;
  const SourceId source = sources.add(draft.name + ".fleet", text);
  out.name = draft.name;
  // A text that can't be read is shown as it is, with what is wrong with it.
  out.text = fleet::format(sources, source).value_or(text);
  collect_notes(draft, out.notes);
  out.unsafe = std::move(draft.unsafe);
  return out;
}

}  // namespace fleet::import
