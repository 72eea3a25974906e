#include "engine/cli/front.h"

#include <chrono>
#include <cstdio>

#include <fmt/format.h>

#include "dsl/base/render.h"
#include "dsl/driver/compile.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/terminal.h"
#include "engine/report/words.h"

namespace fleet::cli {

std::string folder_of(const std::string& file) {
  const std::size_t slash = file.rfind('/');
  if (slash == std::string::npos)
    return ".";
  return slash == 0 ? "/" : file.substr(0, slash);
}

std::optional<std::int64_t> day_of(const std::string& written) {
  using namespace std::chrono;
  if (written.empty())
    return floor<days>(system_clock::now()).time_since_epoch().count();
  int year_number = 0;
  unsigned month_number = 0, day_number = 0;
  char end = 0;
  const int read =
      std::sscanf(written.c_str(), "%4d-%2u-%2u%c", &year_number, &month_number, &day_number, &end);
  const year_month_day date{year{year_number}, month{month_number}, day{day_number}};
  if (read != 3 || !date.ok())
    return std::nullopt;
  return sys_days(date).time_since_epoch().count();
}

void show(const std::vector<Diagnostic>& diagnostics, const SourceMap& sources) {
  RenderOptions options;
  options.colour = errors_have_colour();
  if (errors_are_terminal())
    options.width = static_cast<int>(terminal_columns());
  // What nobody reads to its end: after the first mistakes the rest often goes by itself.
  constexpr std::size_t kMost = 100;
  if (diagnostics.size() <= kMost)
    return complain(render_text(diagnostics, sources, options));
  const std::vector<Diagnostic> first(diagnostics.begin(), diagnostics.begin() + kMost);
  complain(render_text(first, sources, options));
  complain(fmt::format("\n… and {} more: `fleetc check --format short` lists them all\n",
                       diagnostics.size() - kMost));
}

void say_unreadable(const std::string& file, const std::string& why) {
  complain(fmt::format("fleetc: {}: {}\n", report::printable(file), why));
}

Front compile_flow(const FlowOptions& options, bool to_run) {
  Front front;
  CompileOptions compile_options;
  compile_options.goal = to_run ? Goal::kRun : Goal::kPlan;
  compile_options.today = day_of("");
  for (const std::string& word : options.words) {
    const std::size_t equals = word.find('=');
    if (equals != std::string::npos) {
      compile_options.parameters.emplace_back(word.substr(0, equals), word.substr(equals + 1));
    } else if (!compile_options.flow) {
      compile_options.flow = word;
    } else {
      complain(fmt::format("fleetc: `{}` is a second flow; parameters are written name=value\n",
                           report::printable(word)));
      front.exit_code = kUsage;
      return front;
    }
  }
  DiskReader files;
  Compilation compilation = compile(options.file, files, compile_options);
  if (!compilation.diagnostics.empty())
    show(compilation.diagnostics, *compilation.sources);
  if (!compilation.usage.empty()) {
    complain(fmt::format("fleetc: {}\n", compilation.usage));
    front.exit_code = kUsage;
  } else if (!compilation.plan) {
    front.exit_code = kDefinitionHasErrors;
  } else {
    front.plan = std::move(compilation.plan);
    front.model = compilation.model;
    front.sources = compilation.sources;
  }
  front.folder = folder_of(options.file);
  return front;
}

}  // namespace fleet::cli
