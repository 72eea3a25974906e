#include "engine/cli/executed.h"

#include <algorithm>

#include <fmt/format.h>

#include "dsl/plan/words.h"
#include "engine/report/words.h"

namespace fleet::cli {
namespace {

class Missing {
 public:
  Missing(const plan::Plan& plan, const sema::Model& model, const SourceMap& sources)
      : plan_(plan), model_(model), sources_(sources) {}

  std::vector<std::string> take() {
    for (const plan::Node& node : plan_.nodes)
      add_node(node);
    for (const plan::Agent& agent : plan_.agents)
      add_agent(agent);
    add_standing();
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
                       node.kind == Kind::kRun || node.kind == Kind::kMerge ||
                       node.kind == Kind::kHuman;
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

  // Where the key was said last; else `otherwise`.
  plan::Place said(const sema::Origins& origins, const std::string& key,
                   const plan::Place& otherwise) const {
    const auto found = origins.find(key);
    if (found == origins.end() || found->second.empty())
      return otherwise;
    const Span span = sources_.written(found->second.back().span);
    const Source& source = sources_.get(span.source);
    const LineColumn at = source.locate(span.begin);
    return {source.name(), at.line, at.column};
  }

  // nullptr: an alias gave the plan another name for it.
  const sema::Agent* find(const plan::Agent& agent) const {
    const auto found = std::ranges::find(model_.agents.rbegin(), model_.agents.rend(), agent.name,
                                         &sema::Agent::name);
    return found == model_.agents.rend() ? nullptr : &*found;
  }

  void add_agent(const plan::Agent& agent) {
    const sema::Agent* known = find(agent);
    const auto at = [&](const char* key) {
      return known == nullptr ? agent.place : said(known->contract.origins, key, agent.place);
    };
    add(agent.runtime.adapter != plan::Adapter::kShell,
        fmt::format("adapter = {}", plan::word_of(agent.runtime.adapter)), at("runtime"));
    add(agent.returns != plan::Returns::kDone,
        fmt::format("returns = {}", plan::word_of(agent.returns)), at("returns"));
    add(agent.reads != plan::Reads::kRepo, fmt::format("reads = {}", plan::word_of(agent.reads)),
        at("reads"));
    add(agent.dispatch != plan::Dispatch::kEphemeral,
        fmt::format("dispatch = {}", plan::word_of(agent.dispatch)), at("dispatch"));
    add(agent.session != plan::SessionMode::kOwn, "session = fresh", at("session"));
    add(!agent.grants.empty(), "grants", at("grants"));
    add(agent.day_budget.has_value(), "budget a day of one agent", at("budget"));
    add(agent.session_max.has_value(), "session_max", at("session_max"));
    add(agent.checkpoint.has_value(), "checkpoint", at("checkpoint"));
    add(agent.handoff != plan::Handoff{}, "handoff", at("handoff"));
    add(agent.restart.escalate || agent.restart.max_per_hour != plan::Restart{}.max_per_hour,
        "max and else of restart", at("restart"));
    add_criteria(agent.accept, at("accept"));
  }

  // What runs without a flow: the plan has it only where the flow uses it too.
  void add_standing() {
    for (const sema::Agent& agent : model_.agents) {
      const auto& dispatch = agent.contract.dispatch;
      if (agent.is_role || agent.imported || !dispatch)
        continue;
      add(dispatch->value.mode != plan::Dispatch::kEphemeral,
          fmt::format("dispatch = {}", plan::word_of(dispatch->value.mode)),
          said(agent.contract.origins, "dispatch", {}));
    }
  }

  void add_fleet() {
    const plan::Place nowhere;
    const auto at = [&](const char* key) {
      return model_.fleet ? said(model_.fleet->origins, key, nowhere) : nowhere;
    };
    add(plan_.escalation && plan_.escalation->path.size() > 1, "escalation over agents",
        at("escalation"));
    add(plan_.on.has_value(), "on EVENT of a flow", place_of_event());
    add(plan_.budget && plan_.budget->warn_percent, "warn of budget", at("budget"));
    add(!plan_.sync.empty(), "sync", at("sync"));
    add(plan_.hooks.has_value(), "hooks", at("hooks"));
    add(!plan_.forge.empty(), "forge", at("forge"));
  }

  plan::Place place_of_event() const {
    const sema::Flow* flow = model_.find_flow(plan_.flow);
    if (flow == nullptr || !flow->on)
      return {};
    const Source& source = sources_.get(flow->on->span.source);
    const LineColumn at = source.locate(flow->on->span.begin);
    return {source.name(), at.line, at.column};
  }

  const plan::Plan& plan_;
  const sema::Model& model_;
  const SourceMap& sources_;
  std::vector<std::string> words_;
  std::vector<std::string> lines_;
};

}  // namespace

std::vector<std::string> not_executed(const plan::Plan& plan, const sema::Model& model,
                                      const SourceMap& sources) {
  return Missing(plan, model, sources).take();
}

}  // namespace fleet::cli
