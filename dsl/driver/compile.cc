#include "dsl/driver/compile.h"

#include <algorithm>

#include "dsl/checks/checks.h"
#include "dsl/driver/budget.h"
#include "dsl/driver/documents.h"
#include "dsl/driver/modules.h"
#include "dsl/lower/lower.h"
#include "dsl/sema/analyze.h"
#include "dsl/sema/literal_secrets.h"
#include "dsl/sema/report.h"

namespace fleet {
namespace {

using sema::ticked;

std::string flow_names(const sema::Model& model) {
  std::vector<std::string> names;
  for (const sema::Flow& flow : model.flows)
    names.push_back(flow.name);
  return sema::listed(names, "and");
}

// The flow that the options mean; nullptr: `usage` says why there is none.
const sema::Flow* choose_flow(const sema::Model& model, const std::string& path,
                              const CompileOptions& options, std::string& usage) {
  if (!model.fleet) {
    usage = path + " declares no fleet";
    return nullptr;
  }
  if (model.flows.empty()) {
    usage = "fleet " + ticked(model.fleet->name) + " has no flow";
    return nullptr;
  }
  if (options.flow) {
    const sema::Flow* flow = model.find_flow(*options.flow);
    if (flow == nullptr) {
      usage =
          "no flow " + ticked(*options.flow) + " in " + path + "; there is " + flow_names(model);
    }
    return flow;
  }
  if (model.flows.size() == 1)
    return &model.flows.front();
  const sema::Flow* flow = model.find_flow("main");
  if (flow == nullptr)
    usage = path + " has several flows; name one of " + flow_names(model);
  return flow;
}

// Empty when the given parameters fit the flow.
std::string check_parameters(const sema::Flow& flow, const CompileOptions& options) {
  std::vector<std::string> declared;
  for (const sema::At<std::string>& one : flow.parameters)
    declared.push_back(one.value);
  std::vector<std::string> given;
  for (const auto& [name, value] : options.parameters) {
    if (std::ranges::find(declared, name) == declared.end()) {
      const std::string has =
          declared.empty() ? "it takes none" : "it takes " + sema::listed(declared, "and");
      return "flow " + ticked(flow.name) + " has no parameter " + ticked(name) + "; " + has;
    }
    if (std::ranges::find(given, name) != given.end()) {
      return "parameter " + ticked(name) + " is given twice";
    }
    if (value.find('\0') != std::string::npos) {
      return "parameter " + ticked(name) + " holds a zero byte";
    }
    given.push_back(name);
  }
  if (options.goal != Goal::kRun)
    return {};
  std::vector<std::string> missing;
  for (const std::string& name : declared) {
    if (std::ranges::find(given, name) == given.end())
      missing.push_back(name);
  }
  if (missing.empty())
    return {};
  return "flow " + ticked(flow.name) + " needs a value for " + sema::listed(missing, "and") +
         ", as in " + missing.front() + "=…";
}

// A secret that is written out is the one mistake of its string (F606).
std::vector<Diagnostic> without_further(std::vector<Diagnostic> all) {
  std::vector<Span> secrets;
  for (const Diagnostic& one : all) {
    if (one.code == "F606")
      secrets.push_back(one.primary.span);
  }
  std::erase_if(all, [&](const Diagnostic& one) {
    return one.code != "F606" && std::ranges::any_of(secrets, [&](const Span& secret) {
             const Span& at = one.primary.span;
             return at.source == secret.source && at.begin >= secret.begin && at.end <= secret.end;
           });
  });
  return all;
}

}  // namespace

Analysis analyze_file(const std::string& path, FileReader& files, syntax::Parses* kept) {
  Analysis result;
  const auto sources = std::make_shared<SourceMap>();
  result.sources = sources;
  Loaded loaded = load_modules(path, files, *sources, result.said, kept);
  if (!loaded.problem.empty()) {
    result.usage = loaded.problem;
    return result;
  }
  result.modules = std::make_shared<const std::vector<sema::Module>>(std::move(loaded.modules));
  sema::Model analyzed = sema::analyze(*sources, *result.modules, result.said);
  read_documents(files, analyzed, result.said);
  result.lock = check_lock(files, path, *result.modules, analyzed, result.said);
  result.model = std::make_shared<const sema::Model>(std::move(analyzed));
  return result;
}

std::vector<Diagnostic> judge(const Analysis& analysis, std::optional<std::int64_t> today) {
  DiagnosticSink sink = analysis.said;
  checks::run_checks(*analysis.sources, *analysis.model, sink, today);
  if (!sink.has_errors())
    check_budget(*analysis.sources, *analysis.model, sink);
  sema::refuse_secrets(*analysis.sources, *analysis.modules, sink);
  return without_further(sink.sorted(*analysis.sources));
}

Compilation compile(const std::string& path, FileReader& files, const CompileOptions& options) {
  Compilation result;
  Analysis analysis = analyze_file(path, files);
  result.sources = analysis.sources;
  result.usage = analysis.usage;
  if (!result.usage.empty())
    return result;
  const std::shared_ptr<const sema::Model> model = analysis.model;
  result.modules = analysis.modules;
  result.model = model;
  result.diagnostics = judge(analysis, options.today);
  result.lock = std::move(analysis.lock);
  result.has_errors = std::ranges::any_of(
      result.diagnostics, [](const Diagnostic& one) { return one.severity == Severity::kError; });
  if (result.has_errors || options.goal == Goal::kCheck)
    return result;

  const sema::Flow* flow = choose_flow(*model, path, options, result.usage);
  if (flow == nullptr)
    return result;
  result.usage = check_parameters(*flow, options);
  if (!result.usage.empty())
    return result;
  result.plan = lower::lower(*result.sources, *model, *flow, {path, options.parameters});
  return result;
}

}  // namespace fleet
