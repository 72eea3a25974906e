// check, fmt, plan: what needs no repository.
#include <algorithm>

#include <fmt/format.h>

#include "dsl/base/render.h"
#include "dsl/checks/open_claims.h"
#include "dsl/driver/compile.h"
#include "dsl/format/format.h"
#include "dsl/plan/codec.h"
#include "dsl/plan/guards.h"
#include "dsl/plan/render.h"
#include "dsl/syntax/parse.h"
#include "engine/cli/commands.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/front.h"
#include "engine/cli/terminal.h"
#include "engine/cli/texts.h"
#include "engine/report/words.h"

namespace fleet::cli {
namespace {

// What goes to standard output; the text for people has been shown by then.
std::string render(const std::string& format, const Report& report) {
  if (format == "json")
    return render_json(report);
  if (format == "sarif")
    return render_sarif(report);
  std::string out;
  for (const Findings& found : report.findings)
    out += format == "short" ? render_short(found.diagnostics, *found.sources) : std::string();
  return out;
}

// What each flow leaves to run time. REQUIRES: no errors.
std::string list_guards(const std::string& file, const SourceMap& sources,
                        const sema::Model& model) {
  std::string out;
  for (const sema::Flow& flow : model.flows) {
    DiskReader files;
    CompileOptions options;
    options.goal = Goal::kPlan;
    options.flow = flow.name;
    const Compilation compilation = compile(file, files, options);
    if (!compilation.plan)
      continue;
    for (const plan::Guard& guard : plan::guards(*compilation.plan))
      out += fmt::format("{}:{}:{}: guard: {}: {}\n", report::printable(guard.place.file),
                         guard.place.line, guard.place.column, report::printable(guard.subject),
                         report::printable(guard.text));
    for (const checks::OpenClaim& open : checks::open_claims(sources, model, flow)) {
      const sema::Step& later = flow.steps[open.later];
      const Source& source = sources.get(later.name_span.source);
      const LineColumn at = source.locate(later.name_span.begin);
      out += fmt::format(
          "{}:{}:{}: guard: step {}: it could not be decided whether a task of it and one of step "
          "{} can claim one branch: the second to claim it then fails before its session starts\n",
          report::printable(source.name()), at.line, at.column, report::printable(later.name),
          report::printable(flow.steps[open.earlier].name));
    }
  }
  return out;
}

}  // namespace

int check(const CheckOptions& options) {
  CompileOptions compile_options;
  compile_options.today = day_of(options.today);
  if (!compile_options.today) {
    complain(fmt::format("fleetc: --today {} is no date such as 2027-01-31\n",
                         report::printable(options.today)));
    return kUsage;
  }
  const bool one_document = options.format == "json" || options.format == "sarif";
  if (one_document && options.guards) {
    complain(fmt::format("fleetc: --guards lists lines, which --format {} has no place for\n",
                         options.format));
    return kUsage;
  }
  const bool text = options.format == "text";
  bool errors = false;
  Report report;
  std::string results;
  for (const std::string& file : options.files) {
    DiskReader files;
    const Compilation compilation = compile(file, files, compile_options);
    if (!compilation.usage.empty()) {
      say_unreadable(file, compilation.usage);
      report.unreadable.push_back({file, compilation.usage});
      continue;
    }
    errors = errors || compilation.has_errors;
    report.add({compilation.sources, compilation.diagnostics});
    if (text)
      show(report.findings.back().diagnostics, *compilation.sources);
    if (text && compilation.diagnostics.empty() && !options.guards)
      results += fmt::format("{}: no problem found\n", report::printable(file));
    if (options.guards && compilation.model && !compilation.has_errors)
      results += list_guards(file, *compilation.sources, *compilation.model);
  }
  print(render(options.format, report) + results);
  if (!report.unreadable.empty())
    return kUsage;
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
    if (*formatted == *text.text)
      continue;
    print(fmt::format("{}\n", report::printable(file)));
    if (options.check) {
      exit_code = std::max(exit_code, kDefinitionHasErrors);
    } else if (const Status written = replace_text(file, *formatted); !written) {
      complain(written.error());
      exit_code = kUsage;
    }
  }
  return exit_code;
}

int plan(const PlanOptions& options) {
  const Front front = compile_flow(options.flow, false);
  if (!front.plan)
    return front.exit_code;
  if (options.format == "json")
    print(plan::to_json(*front.plan) + "\n");
  else if (options.format == "dot")
    print(plan::to_dot(*front.plan));
  else if (options.format == "svg")
    print(plan::to_svg(*front.plan));
  else if (options.format == "mermaid")
    print(plan::to_mermaid(*front.plan));
  else
    print(plan::to_text(*front.plan));
  return kDone;
}

}  // namespace fleet::cli
