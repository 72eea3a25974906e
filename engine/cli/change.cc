// fix, lock: what changes the user's files by what a check knows.
#include <algorithm>

#include <fmt/format.h>

#include "dsl/driver/fix.h"
#include "dsl/driver/lock.h"
#include "engine/cli/commands.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/front.h"
#include "engine/cli/terminal.h"
#include "engine/cli/texts.h"
#include "engine/report/words.h"

namespace fleet::cli {
namespace {

CompileOptions by_the_clock() {
  CompileOptions options;
  options.today = day_of("");
  return options;
}

}  // namespace

int fix(const FixOptions& options) {
  int exit_code = kDone;
  for (const std::string& file : options.files) {
    DiskReader files;
    const Fixed fixed = fleet::fix(file, files, by_the_clock());
    if (!fixed.left.usage.empty()) {
      say_unreadable(file, fixed.left.usage);
      exit_code = kUsage;
      continue;
    }
    for (const std::string& line : fixed.applied)
      print(fmt::format("{}\n", report::printable(line)));
    for (const auto& [name, text] : fixed.texts) {
      if (options.dry_run)
        continue;
      if (const Status written = replace_text(name, text); !written) {
        complain(written.error());
        exit_code = kUsage;
      }
    }
    show(fixed.left.diagnostics, *fixed.left.sources);
    if (fixed.left.has_errors)
      exit_code = std::max(exit_code, kDefinitionHasErrors);
  }
  return exit_code;
}

int lock(const LockOptions& options) {
  int exit_code = kDone;
  for (const std::string& file : options.files) {
    DiskReader files;
    const Compilation compilation = compile(file, files, by_the_clock());
    if (!compilation.usage.empty()) {
      say_unreadable(file, compilation.usage);
      exit_code = kUsage;
      continue;
    }
    if (compilation.has_errors) {
      show(compilation.diagnostics, *compilation.sources);
      exit_code = std::max(exit_code, kDefinitionHasErrors);
      continue;
    }
    const std::string path = lock_path(file);
    const std::string text = to_text(compilation.lock);
    if (files.read(path).text == text)
      continue;
    print(fmt::format("{}\n", report::printable(path)));
    if (options.check) {
      exit_code = std::max(exit_code, kDefinitionHasErrors);
    } else if (const Status written = replace_text(path, text); !written) {
      complain(written.error());
      exit_code = kUsage;
    }
  }
  return exit_code;
}

}  // namespace fleet::cli
