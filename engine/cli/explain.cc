// explain: a code, where a value comes from, or how a step's spawn check decides.
#include "dsl/sema/explain.h"

#include <algorithm>

#include <fmt/format.h>

#include "dsl/base/codes.h"
#include "dsl/base/render.h"
#include "dsl/driver/compile.h"
#include "dsl/plan/describe.h"
#include "dsl/plan/fanout.h"
#include "engine/cli/commands.h"
#include "engine/cli/exit_codes.h"
#include "engine/cli/foreground.h"
#include "engine/cli/front.h"
#include "engine/cli/terminal.h"
#include "engine/flow/past_run.h"
#include "engine/report/words.h"

namespace fleet::cli {
namespace {

int explain_code(const CodeRow& row) {
  std::string out = fmt::format("{} {} ({}, {})\n\n{}\n", row.code, row.title,
                                severity_word(row.severity), row.family, row.explanation);
  if (!row.bad.empty())
    out += fmt::format("\nfor example, this {}:\n\n{}\n",
                       row.severity == Severity::kError     ? "is refused"
                       : row.severity == Severity::kWarning ? "is warned of"
                                                            : "is told",
                       row.bad);
  if (!row.good.empty())
    out += fmt::format("\nand this is right:\n\n{}\n", row.good);
  print(out);
  return kDone;
}

// A code is a letter and digits; anything else is a name.
bool looks_like_code(const std::string& text) {
  return text.size() > 1 && (text[0] == 'F' || text[0] == 'f') &&
         std::all_of(text.begin() + 1, text.end(),
                     [](unsigned char c) { return std::isdigit(c) != 0; });
}

struct StepName {
  std::optional<std::string> flow;
  std::string step;
};

// `step.NAME` or `flow.FLOW.NAME`; nothing else names a step.
std::optional<StepName> step_name(const std::string& text) {
  if (text.rfind("step.", 0) == 0)
    return StepName{std::nullopt, text.substr(5)};
  if (text.rfind("flow.", 0) != 0)
    return std::nullopt;
  const std::size_t dot = text.find('.', 5);
  if (dot == std::string::npos)
    return std::nullopt;
  return StepName{text.substr(5, dot - 5), text.substr(dot + 1)};
}

// The newest decision of this step that a run took, with the figures that it rested on; empty where
// nothing was run yet.
std::string last_decision(const std::string& folder, const plan::Plan& plan,
                          const std::string& step) {
  flow::EngineOptions options;
  options.repository =
      plan.repo.path.rfind('/', 0) == 0 ? plan.repo.path : folder + "/" + plan.repo.path;
  options.environment = environment();
  const auto places = flow::find_places(options);
  if (!places)
    return {};
  const auto reader = journal::JournalReader::open(places->state_dir);
  if (!reader)
    return {};
  for (const journal::RunInfo& info : (*reader)->list_runs()) {
    if (info.meta != plan.fleet + "." + plan.flow)
      continue;
    const auto past = flow::replay_run(**reader, info, nullptr);
    if (!past)
      return {};
    for (std::size_t i = 0; i < past->state.nodes.size(); ++i) {
      const run::SpawnDecided& decision = past->state.nodes[i].decision;
      if (past->plan.nodes[i].name == step && decision.items > 0)
        return fmt::format("  run {} decided: {}\n", info.id,
                           report::printable(decision.arithmetic));
    }
  }
  return {};
}

// Whether `name` is a step; then it is explained.
std::optional<int> explain_step(const StepName& name, const std::string& file) {
  DiskReader files;
  CompileOptions options;
  options.goal = Goal::kPlan;
  options.flow = name.flow;
  const Compilation compilation = compile(file, files, options);
  if (!compilation.plan)
    return std::nullopt;
  for (const plan::Node& node : compilation.plan->nodes) {
    if (node.name != name.step)
      continue;
    std::string out =
        fmt::format("{}:{}:{}: step {}: {}\n", report::printable(node.place.file), node.place.line,
                    node.place.column, node.name, plan::action_of(*compilation.plan, node));
    if (!node.doc.empty())
      out += fmt::format("  {}\n", report::printable(node.doc));
    if (const std::string after = plan::after_of(*compilation.plan, node); !after.empty())
      out += fmt::format("  waits for {}\n", after);
    out += fmt::format("  bounds: {}\n", plan::bounds_of(*compilation.plan, node));
    if (node.fanout) {
      out += fmt::format("  spawn check: {}\n", plan::spawn_outlook(*compilation.plan, node));
      out += last_decision(folder_of(file), *compilation.plan, node.name);
      out +=
          "  the rule: fan out only when N·t − ⌈N/W⌉·t > s, for N items of t each, W sessions, "
          "spawn cost s;\n"
          "  measured t and s take the place of `est` and `spawn` after three of each\n";
    }
    print(out);
    return kDone;
  }
  return std::nullopt;
}

}  // namespace

int explain(const ExplainOptions& options) {
  if (looks_like_code(options.what)) {
    if (const CodeRow* row = find_code(options.what))
      return explain_code(*row);
    complain(fmt::format("fleetc: there is no code `{}`; `fleetc check` prints those that apply\n",
                         options.what));
    return kUsage;
  }
  if (options.file.empty()) {
    complain(fmt::format("fleetc: say in which file: fleetc explain {} FILE\n",
                         report::printable(options.what)));
    return kUsage;
  }
  if (const auto step = step_name(options.what)) {
    if (const auto explained = explain_step(*step, options.file))
      return *explained;
  }
  DiskReader files;
  const Compilation compilation = compile(options.file, files, CompileOptions{});
  if (!compilation.usage.empty() || !compilation.model) {
    say_unreadable(options.file, compilation.usage);
    return kUsage;
  }
  const auto explained = sema::explain_value(*compilation.model, options.what);
  if (explained.empty()) {
    complain(fmt::format(
        "fleetc: `{}` names nothing that has a value in {}; names look like agent.fixer.timeout, "
        "role.fixer or step.NAME\n",
        report::printable(options.what), report::printable(options.file)));
    return kUsage;
  }
  print(sema::to_text(*compilation.sources, explained));
  return kDone;
}

}  // namespace fleet::cli
