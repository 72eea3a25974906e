// check, fmt, explain, plan: what needs no repository.
#include <fmt/format.h>

#include <algorithm>

#include "dsl/base/codes.h"
#include "dsl/base/render.h"
#include "dsl/base/suggest.h"
#include "dsl/driver/compile.h"
#include "dsl/format/format.h"
#include "dsl/plan/codec.h"
#include "dsl/plan/guards.h"
#include "dsl/plan/render.h"
#include "dsl/sema/explain.h"
#include "dsl/syntax/parse.h"
#include "engine/cli/commands.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/front.h"
#include "engine/cli/terminal.h"
#include "engine/os/files.h"
#include "engine/report/words.h"

namespace fleet::cli {
namespace {

std::string render(const std::string& format, const std::vector<Diagnostic>& diagnostics, const SourceMap& sources) {
  if (format == "json") return render_json(diagnostics, sources);
  if (format == "sarif") return render_sarif(diagnostics, sources);
  return render_short(diagnostics, sources);
}

void say_unreadable(const std::string& file, const std::string& why) {
  complain(fmt::format("fleetc: {}: {}\n", report::printable(file), why));
}

int explain_code(const CodeRow& row) {
  std::string out = fmt::format("{} {} ({}, {})\n\n{}\n", row.code, row.title, severity_word(row.severity), row.family,
                                row.explanation);
  if (!row.bad.empty()) out += fmt::format("\nfor example, this is refused:\n\n{}\n", row.bad);
  if (!row.good.empty()) out += fmt::format("\nand this is right:\n\n{}\n", row.good);
  print(out);
  return kDone;
}

// What each flow leaves to run time. REQUIRES: no errors.
std::string list_guards(const std::string& file, const sema::Model& model) {
  std::string out;
  for (const sema::Flow& flow : model.flows) {
    DiskReader files;
    CompileOptions options;
    options.goal = Goal::kPlan;
    options.flow = flow.name;
    const Compilation compilation = compile(file, files, options);
    if (!compilation.plan) continue;
    for (const plan::Guard& guard : plan::guards(*compilation.plan))
      out += fmt::format("{}:{}:{}: guard: {}: {}\n", report::printable(guard.place.file), guard.place.line,
                         guard.place.column, report::printable(guard.subject), report::printable(guard.text));
  }
  return out;
}

// A code is a letter and digits; anything else is a name.
bool looks_like_code(const std::string& text) {
  return text.size() > 1 && (text[0] == 'F' || text[0] == 'f') &&
         std::all_of(text.begin() + 1, text.end(), [](unsigned char c) { return std::isdigit(c) != 0; });
}

}  // namespace

int check(const CheckOptions& options) {
  bool errors = false, unreadable = false;
  std::string results;
  for (const std::string& file : options.files) {
    DiskReader files;
    const Compilation compilation = compile(file, files, CompileOptions{});
    if (!compilation.usage.empty()) {
      say_unreadable(file, compilation.usage);
      unreadable = true;
      continue;
    }
    errors = errors || compilation.has_errors;
    if (options.format == "text") show(compilation.diagnostics, *compilation.sources);
    else results += render(options.format, compilation.diagnostics, *compilation.sources);
    if (options.format == "text" && compilation.diagnostics.empty() && !options.guards)
      results += fmt::format("{}: no problem found\n", report::printable(file));
    if (options.guards && compilation.model && !compilation.has_errors) results += list_guards(file, *compilation.model);
  }
  print(results);
  if (unreadable) return kUsage;
  return errors ? kDefinitionHasErrors : kDone;
}

int fmt(const FmtOptions& options) {
  int exit_code = kDone;
  for (const std::string& file : options.files) {
    DiskReader files;
    const FileText text = files.read(file);
    if (!text.text) {
      say_unreadable(file, text.problem);
      exit_code = kUsage;
      continue;
    }
    SourceMap sources;
    const SourceId source = sources.add(file, *text.text);
    const std::optional<std::string> formatted = format(sources, source);
    if (!formatted) {
      DiagnosticSink sink;
      syntax::parse(sources, source, sink);
      show(sink.sorted(), sources);
      exit_code = std::max(exit_code, kDefinitionHasErrors);
      continue;
    }
    if (*formatted == *text.text) continue;
    print(fmt::format("{}\n", report::printable(file)));
    if (options.check) {
      exit_code = std::max(exit_code, kDefinitionHasErrors);
    } else if (const Status written = os::system_files().write_atomic(file, *formatted, 0644); !written) {
      complain(written.error());
      exit_code = kUsage;
    }
  }
  return exit_code;
}

int explain(const ExplainOptions& options) {
  if (looks_like_code(options.what)) {
    if (const CodeRow* row = find_code(options.what)) return explain_code(*row);
    complain(fmt::format("fleetc: there is no code `{}`; `fleetc check` prints those that apply\n", options.what));
    return kUsage;
  }
  if (options.file.empty()) {
    complain(fmt::format("fleetc: say in which file: fleetc explain {} FILE\n", report::printable(options.what)));
    return kUsage;
  }
  DiskReader files;
  const Compilation compilation = compile(options.file, files, CompileOptions{});
  if (!compilation.usage.empty() || !compilation.model) {
    say_unreadable(options.file, compilation.usage);
    return kUsage;
  }
  const auto explained = sema::explain_value(*compilation.model, options.what);
  if (explained.empty()) {
    complain(fmt::format("fleetc: `{}` names nothing that has a value in {}; names look like agent.fixer.timeout or "
                         "role.fixer\n", report::printable(options.what), report::printable(options.file)));
    return kUsage;
  }
  print(sema::to_text(*compilation.sources, explained));
  return kDone;
}

int plan(const PlanOptions& options) {
  const Front front = compile_flow(options.flow, false);
  if (!front.plan) return front.exit_code;
  if (options.format == "json") print(plan::to_json(*front.plan) + "\n");
  else if (options.format == "dot") print(plan::to_dot(*front.plan));
  else if (options.format == "svg") print(plan::to_svg(*front.plan));
  else if (options.format == "mermaid") print(plan::to_mermaid(*front.plan));
  else print(plan::to_text(*front.plan));
  return kDone;
}

}  // namespace fleet::cli
