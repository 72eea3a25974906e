// import: the definitions of other tools as a fleet, and what they left unsafe.
#include "dsl/import/import.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>

#include <fmt/format.h>

#include "dsl/driver/compile.h"
#include "engine/cli/commands.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/front.h"
#include "engine/cli/terminal.h"
#include "engine/report/words.h"

namespace fleet::cli {
namespace {

namespace fs = std::filesystem;

// The text that is not on the disk yet, beside what is.
class DraftReader : public FileReader {
 public:
  DraftReader(std::string path, const std::string& text) : path_(std::move(path)), text_(text) {}
  FileText read(const std::string& path) override {
    return path == path_ ? FileText{text_, {}} : disk_.read(path);
  }
  std::string resolve(const std::string& path) const override {
    return path == path_ ? path : disk_.resolve(path);
  }

 private:
  const std::string path_;
  const std::string& text_;
  DiskReader disk_;
};

std::vector<std::string> files_in(const fs::path& folder) {
  std::vector<std::string> files;
  std::error_code problem;
  for (fs::directory_iterator at(folder, problem), end; !problem && at != end;
       at.increment(problem))
    if (std::error_code ignored; at->is_regular_file(ignored))
      files.push_back(at->path().string());
  std::ranges::sort(files);
  return files;
}

// Where each of the tools keeps its definitions, below a folder that is one of theirs or has it.
std::vector<fs::path> places_in(const fs::path& folder) {
  std::vector<fs::path> places{folder, folder / ".claude/agents", folder / ".takt/workflows",
                               folder / "formulas", folder / "config"};
  std::error_code problem;
  for (fs::directory_iterator at(folder / "src", problem), end; !problem && at != end;
       at.increment(problem))
    places.push_back(at->path() / "config");
  std::ranges::sort(places.begin() + 5, places.end());
  return places;
}

// As an editor on Windows may have begun it.
std::string without_mark(std::string text) {
  return text.starts_with("\xEF\xBB\xBF") ? text.substr(3) : text;
}

bool read_folder(const std::string& folder, std::vector<import::ForeignFile>& files) {
  const std::size_t before = files.size();
  DiskReader disk;
  for (const fs::path& place : places_in(folder)) {
    for (const std::string& path : files_in(place)) {
      const FileText text = disk.read(path);
      import::ForeignFile file{path, without_mark(text.text.value_or(""))};
      if (text.text && import::format_of(file))
        files.push_back(std::move(file));
      else if (place != fs::path(folder))
        complain(fmt::format(
            "fleetc: {} is not read: {}\n", report::printable(path),
            text.text ? "it is no definition in UTF-8 that is known here" : text.problem));
    }
  }
  return files.size() > before;
}

bool read_all(const std::vector<std::string>& paths, std::vector<import::ForeignFile>& files) {
  DiskReader disk;
  for (const std::string& path : paths) {
    std::error_code problem;
    if (fs::is_directory(path, problem)) {
      if (!read_folder(path, files)) {
        say_unreadable(
            path,
            "nothing in it can be imported: looked for agent files of Claude Code "
            "(.claude/agents/*.md), a takt workflow (.takt/workflows/*.yaml), a Gas City "
            "formula (formulas/*.toml) and a CrewAI crew (config/agents.yaml)");
        return false;
      }
      continue;
    }
    FileText text = disk.read(path);
    if (!text.text) {
      say_unreadable(path, text.problem);
      return false;
    }
    files.push_back({path, without_mark(std::move(*text.text))});
  }
  return true;
}

// Never over what is there.
bool write_new(const std::string& path, const std::string& text) {
  std::FILE* const file = std::fopen(path.c_str(), "wx");
  if (file == nullptr) {
    const bool there = errno == EEXIST;
    say_unreadable(path, there ? "is there already, and is left alone: name another file after -o"
                               : std::generic_category().message(errno));
    return false;
  }
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (std::fclose(file) == 0 && written)
    return true;
  say_unreadable(path, "could not be written: " + std::generic_category().message(errno));
  std::remove(path.c_str());
  return false;
}

std::string section(const char* title, const std::vector<std::string>& lines) {
  if (lines.empty())
    return {};
  std::string text = fmt::format("{}\n", title);
  for (const std::string& line : lines)
    text += fmt::format("  - {}\n", report::printable(line));
  return text;
}

}  // namespace

int import_definitions(const ImportOptions& options) {
  std::vector<import::ForeignFile> files;
  if (!read_all(options.paths, files))
    return kUsage;
  DiskReader disk;
  const import::Imported imported = import::import_fleet(files, disk);
  if (!imported.problem.empty()) {
    complain(fmt::format("fleetc: {}\n", report::printable(imported.problem)));
    return kUsage;
  }
  if (options.output.empty())
    print(imported.text);
  else if (!write_new(options.output, imported.text))
    return kUsage;
  complain(section("not carried over, also said at its place in the fleet:", imported.notes) +
           section("left unsafe by the old definition:", imported.unsafe));
  const std::string path = options.output.empty() ? imported.name + ".fleet" : options.output;
  DraftReader reader(path, imported.text);
  CompileOptions compile_options;
  compile_options.today = day_of("");
  const Compilation compilation = compile(path, reader, compile_options);
  if (!compilation.diagnostics.empty())
    show(compilation.diagnostics, *compilation.sources);
  const std::string shown = report::printable(path);
  if (compilation.has_errors) {
    complain(fmt::format("fleetc: {} has errors: mend them before it is used\n", shown));
    return kDefinitionHasErrors;
  }
  complain(fmt::format("{}: {}\n", shown,
                       compilation.diagnostics.empty() ? "check finds no problem" : "it compiles"));
  return kDone;
}

}  // namespace fleet::cli
