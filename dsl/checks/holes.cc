// F203: each hole is bound where its template is used, and stands where a shell can't read it.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "dsl/base/suggest.h"
#include "dsl/checks/branches.h"
#include "dsl/checks/checks.h"
#include "dsl/lower/command.h"
#include "dsl/schema/schema.h"
#include "dsl/sema/report.h"

namespace fleet::checks {
namespace {

using sema::ticked;
using Names = std::set<std::string>;
using Seen = std::set<std::pair<std::uint32_t, std::uint32_t>>;  // source and offset of a hole

Names flow_names(const sema::Flow& flow) {
  Names names{"run", "date"};
  for (const sema::At<std::string>& parameter : flow.parameters)
    names.insert(parameter.value);
  return names;
}

// What an agent's templates may use when `step` gives it a task.
Names task_names(const sema::Flow& flow, const sema::Step& step) {
  Names names = flow_names(flow);
  names.insert({"agent", "round"});
  if (step.kind == sema::StepKind::kFanout)
    names.insert({"item", "task"});
  if (!step.arguments.empty())
    names.insert("task");
  return names;
}

// What the templates of an agent may use in tasks that no flow gives it.
const Names& own_names() {
  static const Names kNames{"agent", "date", "run", "task"};
  return kNames;
}

std::string why_unbound(const std::string& hole, const sema::Step* step) {
  if (hole == "item")
    return "`{item}` is filled only in tasks of a fan-out";
  if (hole == "task" && step != nullptr) {
    return "`{task}` is the flow's parameter `task` or the call's first argument; there is neither";
  }
  if (hole == "task")
    return "`{task}` is filled here only when the flow has a parameter `task`";
  if (hole == "agent" || hole == "round") {
    return "`{" + hole + "}` is filled only in the templates of an agent";
  }
  return {};
}

std::vector<std::string> braced(const std::vector<std::string>& names) {
  std::vector<std::string> shown;
  for (const std::string& name : names)
    shown.push_back("{" + name + "}");
  return shown;
}

// Holes of one use of some templates, collected so that each name is reported once.
class HoleChecker {
 public:
  HoleChecker(Subject& subject, const sema::Flow& flow) : subject_(subject), flow_(flow) {}

  void run() {
    const Names bound = flow_names(flow_);
    if (flow_.accept)
      collect(flow_.accept->value, bound);
    report(bound, nullptr, {});
    for (const sema::Step& step : flow_.steps) {
      collect(step.command, bound);
      collect(step.fanout.source.command, bound);
      if (step.merge.into)
        collect(*step.merge.into, bound);
      for (const sema::Argument& argument : step.arguments)
        collect(argument.text, bound);
      report(bound, nullptr, {});
      for (const sema::At<std::size_t>& use : step.agents)
        check_agent(step, use);
    }
  }

  // The tasks that it begins on its own.
  void run(const sema::Agent& agent) {
    collect(agent.contract, own_names());
    report(own_names(), nullptr, {}, &agent);
  }

 private:
  void check_agent(const sema::Step& step, const sema::At<std::size_t>& use) {
    const Names bound = task_names(flow_, step);
    collect(subject_.model.agents[use.value].contract, bound);
    report(bound, &step, use.span);
  }

  void collect(const sema::Contract& contract, const Names& bound) {
    if (contract.runtime) {
      collect(subject_.model.runtimes[contract.runtime->value].command, bound);
    }
    if (contract.writes)
      collect(contract.writes->value.branch, bound);
    if (contract.accept)
      collect(contract.accept->value, bound);
  }

  void collect(const sema::Text& text, const Names& bound) {
    for (const sema::Piece& piece : text.pieces) {
      if (!piece.hole || bound.contains(piece.text))
        continue;
      if (!seen_.emplace(piece.span.source.value, piece.span.begin).second)
        continue;
      unbound_[piece.text].push_back(piece.span);
    }
  }

  void collect(const std::vector<sema::Acceptance>& accept, const Names& bound) {
    for (const sema::Acceptance& one : accept)
      collect(one.command, bound);
  }

  // `owner`: whose own tasks they are of; nullptr: a flow's.
  void report(const Names& bound, const sema::Step* step, Span use,
              const sema::Agent* owner = nullptr) {
    for (const auto& [name, places] : unbound_)
      say_unbound(name, places, bound, step, use, owner);
    unbound_.clear();
  }

  void say_unbound(const std::string& name, const std::vector<Span>& places, const Names& bound,
                   const sema::Step* step, Span use, const sema::Agent* owner) {
    Diagnostic diagnostic = sema::error("F203", places.front(),
                                        "hole " + ticked("{" + name + "}") + " is not bound here");
    for (std::size_t i = 1; i < places.size(); ++i) {
      diagnostic.secondary.push_back({places[i], "nor here"});
    }
    if (step != nullptr) {
      diagnostic.secondary.push_back({use, "used by step " + ticked(step->name) + " here"});
    }
    if (owner != nullptr) {
      diagnostic.secondary.push_back(
          {owner->contract.dispatch->span, ticked(owner->name) + " begins tasks on its own"});
    }
    const std::string why = owner != nullptr ? "`{task}` is what woke it, and no flow is around it"
                                             : why_unbound(name, step);
    if (!why.empty())
      diagnostic.notes.push_back(why);
    const std::vector<std::string> candidates(bound.begin(), bound.end());
    diagnostic.notes.push_back("bound here: " + sema::listed(braced(candidates), "and"));
    if (schema::find_hole(name) == nullptr) {
      const std::vector<std::string> near = braced(suggest(name, candidates));
      Help help{did_you_mean(near), {}, near.size() == 1};
      for (const Span place : places) {
        if (!near.empty())
          help.edits.push_back({place, near.front()});
      }
      if (!near.empty())
        diagnostic.helps.push_back(std::move(help));
    }
    subject_.sink.add(std::move(diagnostic));
  }

  Subject& subject_;
  const sema::Flow& flow_;
  Seen seen_;
  std::map<std::string, std::vector<Span>> unbound_;
};

class CommandChecker {
 public:
  explicit CommandChecker(Subject& subject) : subject_(subject) {}

  void check(const sema::Text& text) {
    if (!seen_.emplace(text.span.source.value, text.span.begin).second)
      return;
    for (const lower::CommandProblem& problem : lower::compile_command(text).problems) {
      Diagnostic diagnostic = sema::error(problem.code, problem.span, problem.message);
      if (!problem.help.empty())
        diagnostic.notes.push_back(problem.help);
      subject_.sink.add(std::move(diagnostic));
    }
  }

  void check(const std::optional<sema::At<std::vector<sema::Acceptance>>>& accept) {
    if (!accept)
      return;
    for (const sema::Acceptance& one : accept->value) {
      if (one.kind == plan::Acceptance::Kind::kCommand)
        check(one.command);
    }
  }

 private:
  Subject& subject_;
  Seen seen_;
};

// A text that was never read, because it was wrong or absent, has no place.
bool was_read(const sema::Text& text) {
  return text.span.end > text.span.begin;
}

}  // namespace

void check_holes(Subject& subject) {
  for (const sema::Flow& flow : subject.model.flows)
    HoleChecker(subject, flow).run();
  const sema::Flow none;
  HoleChecker own(subject, none);
  for (const sema::Agent& agent : subject.model.agents) {
    if (has_own_tasks(agent))
      own.run(agent);
  }
}

void check_commands(Subject& subject) {
  CommandChecker checker(subject);
  for (const sema::Runtime& runtime : subject.model.runtimes) {
    if (was_read(runtime.command))
      checker.check(runtime.command);
  }
  for (const sema::Human& human : subject.model.humans) {
    if (was_read(human.notify))
      checker.check(human.notify);
  }
  for (const sema::Credential& credential : subject.model.credentials) {
    for (const sema::Text* command : {&credential.command, &credential.probe}) {
      if (was_read(*command))
        checker.check(*command);
    }
  }
  for (const sema::Agent& agent : subject.model.agents)
    checker.check(agent.contract.accept);
  for (const sema::Flow& flow : subject.model.flows) {
    checker.check(flow.accept);
    for (const sema::Step& step : flow.steps) {
      if (was_read(step.command))
        checker.check(step.command);
      if (was_read(step.fanout.source.command))
        checker.check(step.fanout.source.command);
    }
  }
}

namespace {

// Without the loop's round or the use of a pattern, which its mistake is not a matter of.
std::string written_name(const sema::Step& step) {
  return step.name.substr(step.name.rfind('.') + 1);
}

}  // namespace

void check_timeouts(Subject& subject) {
  for (const sema::Flow& flow : subject.model.flows) {
    for (const sema::Step& step : flow.steps) {
      if (!step.timeout)
        continue;
      for (const sema::At<std::size_t>& use : step.agents) {
        const sema::Agent& agent = subject.model.agents[use.value];
        const auto& ceiling = agent.contract.timeout;
        if (!ceiling || step.timeout->value <= ceiling->value)
          continue;
        Diagnostic diagnostic =
            sema::error("F202", step.timeout->span,
                        "step " + ticked(written_name(step)) + " asks for more time than " +
                            ticked(agent.name) + " may take",
                        "longer than the agent's ceiling");
        diagnostic.secondary.push_back({ceiling->span, "the ceiling is set here"});
        subject.sink.add(std::move(diagnostic));
        break;
      }
    }
  }
}

}  // namespace fleet::checks
