#include "engine/cli/executed.h"

#include <algorithm>

#include <fmt/format.h>

#include "dsl/plan/words.h"
#include "engine/report/words.h"

namespace fleet::cli {
namespace {

class Missing {
 public:
  explicit Missing(const plan::Plan& plan) : plan_(plan) {}

  std::vector<std::string> take() {
    for (const plan::Node& node : plan_.nodes)
      add_node(node);
    for (const plan::Agent& agent : plan_.agents)
      add_agent(agent);
    add_fleet();
    return std::move(lines_);
  }

 private:
  // One line a word: the first place that asks for it stands for all.
  void add(bool asked, const std::string& word, const plan::Place& place) {
    if (!asked || std::ranges::find(words_, word) != words_.end())
      return;
    words_.push_back(word);
    std::string line = fmt::format("run can't carry out `{}` yet", word);
    const std::string file = report::printable(place.line == 0 ? plan_.file : place.file);
    line +=
        place.line == 0 ? fmt::format(" ({})", file) : fmt::format(" ({}:{})", file, place.line);
    lines_.push_back(std::move(line));
  }

  void add_node(const plan::Node& node) {
    using Kind = plan::NodeKind;
    const bool known = node.kind == Kind::kTask || node.kind == Kind::kFanout ||
                       node.kind == Kind::kRun || node.kind == Kind::kMerge;
    const bool last = node.kind == Kind::kLast;
    add(!known && !last, std::string(plan::word_of(node.kind)), node.place);
    add(node.round != 0 || last, "loop", node.place);
    if (node.fanout) {
      using Source = plan::FanoutSource::Kind;
      add(node.fanout->source.kind == Source::kFindings, "findings", node.place);
      add(node.fanout->source.kind == Source::kIssues, "issues", node.place);
      add(!node.fanout->route_by.empty(), "route", node.place);
    }
    if (node.merge) {
      add(node.merge->into_step.has_value(), "into: STEP.branch", node.place);
      add(node.merge->into_base, "repo.merge into the base", node.place);
      add_criteria(node.merge->accept, node.place);
    }
  }

  void add_criteria(const std::vector<plan::Acceptance>& accept, const plan::Place& place) {
    const auto criteria = [](const plan::Acceptance& one) {
      return one.kind == plan::Acceptance::Kind::kCriteria;
    };
    add(std::ranges::any_of(accept, criteria), "task.criteria met", place);
  }

  void add_agent(const plan::Agent& agent) {
    const plan::Place& place = agent.place;
    add(agent.runtime.adapter != plan::Adapter::kShell,
        fmt::format("adapter = {}", plan::word_of(agent.runtime.adapter)), place);
    add(agent.returns != plan::Returns::kDone,
        fmt::format("returns = {}", plan::word_of(agent.returns)), place);
    add(agent.reads != plan::Reads::kRepo, fmt::format("reads = {}", plan::word_of(agent.reads)),
        place);
    add(agent.dispatch != plan::Dispatch::kEphemeral,
        fmt::format("dispatch = {}", plan::word_of(agent.dispatch)), place);
    add(agent.session != plan::SessionMode::kOwn, "session = fresh", place);
    add(!agent.identity.empty(), "identity", place);
    add(!agent.grants.empty(), "grants", place);
    add(agent.day_budget.has_value(), "budget a day of one agent", place);
    add(agent.session_max.has_value(), "session_max", place);
    add(agent.checkpoint.has_value(), "checkpoint", place);
    add(agent.handoff != plan::Handoff{}, "handoff", place);
    add(agent.restart.escalate || agent.restart.max_per_hour != plan::Restart{}.max_per_hour,
        "max and else of restart", place);
    add_criteria(agent.accept, place);
  }

  void add_fleet() {
    const plan::Place nowhere;
    add(plan_.escalation.has_value(), "escalation", nowhere);
    add(plan_.on.has_value(), "on EVENT of a flow", nowhere);
    add(plan_.budget && plan_.budget->warn_percent, "warn of budget", nowhere);
    add(!plan_.sync.empty(), "sync", nowhere);
    add(plan_.hooks.has_value(), "hooks", nowhere);
    add(!plan_.forge.empty(), "forge", nowhere);
  }

  const plan::Plan& plan_;
  std::vector<std::string> words_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> not_executed(const plan::Plan& plan) {
  return Missing(plan).take();
}

}  // namespace fleet::cli
