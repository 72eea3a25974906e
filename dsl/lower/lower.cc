#include "dsl/lower/lower.h"

#include <algorithm>

#include "dsl/lower/cast.h"
#include "dsl/lower/dag.h"
#include "dsl/lower/day.h"
#include "dsl/lower/estimate.h"
#include "dsl/lower/place.h"
#include "dsl/lower/texts.h"
#include "dsl/plan/codec.h"

namespace fleet::lower {
namespace {

// Lowers one flow; members are filled from top to bottom of `run`.
class Lowering {
 public:
  Lowering(const SourceMap& sources, const sema::Model& model, const sema::Flow& flow,
           const LowerOptions& options)
      : sources_(sources), model_(model), flow_(flow), options_(options) {}

  plan::Plan run() {
    lower_head();
    order_steps();
    for (const std::size_t step : order_)
      plan_.nodes.push_back(lower_step(flow_.steps[step]));
    cast_.add_colleagues();
    plan_.critical_path = critical_path(plan_);
    plan_.worst = worst_case(plan_);
    plan_.day = day_case(model_);
    plan::seal(plan_);
    return std::move(plan_);
  }

 private:
  void lower_head() {
    const sema::Fleet& fleet = *model_.fleet;
    plan_.fleet = fleet.name;
    plan_.fleet_version = fleet.version;
    plan_.file = options_.file;
    plan_.flow = flow_.name;
    plan_.subject = options_.subject;
    plan_.criteria = options_.criteria;
    plan_.repo = fleet.repo->value;
    if (fleet.budget)
      plan_.budget = fleet.budget->value;
    plan_.limits = fleet.limits;
    plan_.protect = fleet.protect;
    plan_.sync = fleet.sync;
    plan_.hooks = fleet.hooks;
    plan_.forge = fleet.forge;
    if (flow_.on)
      plan_.on = flow_.on->value;
    for (const sema::Load& load : fleet.load)
      plan_.load.push_back({load.runs, model_.flows[load.flow].name});
    lower_escalation();
    for (const sema::At<std::string>& parameter : flow_.parameters) {
      const auto given = std::ranges::find(options_.parameters, parameter.value,
                                           &std::pair<std::string, std::string>::first);
      if (given == options_.parameters.end()) {
        plan_.unbound.push_back(parameter.value);
      } else {
        plan_.parameters.emplace_back(*given);
        texts_.set(parameter.value, given->second);
      }
    }
    if (flow_.accept)
      plan_.accept = texts_.acceptances(flow_.accept->value);
  }

  void lower_escalation() {
    if (!model_.fleet->escalation)
      return;
    const sema::Escalation& escalation = model_.fleet->escalation->value;
    plan::Escalation lowered;
    for (const sema::At<std::string>& name : escalation.path)
      lowered.path.push_back(name.value);
    lowered.within = escalation.within;
    plan_.escalation = std::move(lowered);
    cast_.use_human(*escalation.human);
  }

  void order_steps() {
    std::vector<Arc> arcs;
    for (std::size_t i = 0; i < flow_.steps.size(); ++i) {
      for (const sema::Edge& edge : flow_.steps[i].after)
        arcs.push_back({edge.from, i});
    }
    order_ = topological_order(flow_.steps.size(), arcs);
    node_of_.resize(flow_.steps.size());
    for (std::size_t i = 0; i < order_.size(); ++i) {
      node_of_[order_[i]] = {static_cast<std::uint32_t>(i)};
    }
  }

  plan::Fanout lower_fanout(const sema::Step& step) {
    const sema::Fanout& fanout = step.fanout;
    plan::Fanout lowered;
    lowered.variable = fanout.variable;
    lowered.source.kind = fanout.source.kind;
    lowered.source.path = fanout.source.path;
    lowered.source.list = fanout.source.list;
    lowered.source.first = fanout.source.first;
    lowered.source.last = fanout.source.last;
    lowered.source.text = fanout.source.written;
    if (fanout.source.of)
      lowered.source.of = node_of_[*fanout.source.of];
    lowered.source.label = fanout.source.label;
    lowered.route_by = fanout.route_by;
    for (const auto& [value, agent] : fanout.routes)
      lowered.routes.emplace_back(value, plan_.agents[cast_.use_agent(agent).value].name);
    if (fanout.source.kind == plan::FanoutSource::Kind::kCommandLines) {
      lowered.source.command = texts_.command(fanout.source.command);
    }
    if (fanout.width)
      lowered.width = fanout.width->value;
    if (fanout.limit)
      lowered.limit = fanout.limit->value;
    if (fanout.est)
      lowered.est = fanout.est->value;
    lowered.spawn = spawn_of(step);
    lowered.force = fanout.force;
    return lowered;
  }

  // What the step says of a cold session, else the dearest that its agents' runtimes say.
  std::optional<plan::Millis> spawn_of(const sema::Step& step) const {
    if (step.fanout.spawn)
      return step.fanout.spawn->value;
    std::optional<plan::Millis> most;
    for (const sema::At<std::size_t>& use : step.agents) {
      const sema::Contract& contract = model_.agents[use.value].contract;
      const auto& spawn = model_.runtimes[contract.runtime->value].spawn;
      if (spawn && (!most || *most < *spawn))
        most = spawn;
    }
    return most;
  }

  plan::Merge lower_merge(const sema::Step& step) const {
    plan::Merge merge;
    for (const sema::At<std::size_t>& from : step.merge.from) {
      merge.from.push_back(node_of_[from.value]);
    }
    if (step.merge.into_step) {
      merge.into_step = node_of_[step.merge.into_step->value];
    } else {
      merge.into_base = !step.merge.into.has_value();
      merge.into = step.merge.into ? texts_.branch(*step.merge.into)
                                   : plan::Template{{false, plan_.repo.base}};
    }
    merge.accept = plan_.accept;
    merge.style = step.merge.style;
    return merge;
  }

  plan::Node lower_step(const sema::Step& step) {
    plan::Node node;
    node.name = step.name;
    node.round = step.turn;
    for (const sema::Edge& edge : step.after) {
      const plan::Edge lowered{node_of_[edge.from], edge.kind};
      if (std::ranges::find(node.after, lowered) == node.after.end())
        node.after.push_back(lowered);
    }
    for (const sema::At<std::size_t>& use : step.agents) {
      node.agents.push_back(cast_.use_agent(use.value));
    }
    bool at_work = false;
    for (const sema::Argument& argument : step.arguments) {
      node.args.push_back(texts_.text(argument.text));
      // Findings say where to start only if no work does.
      if (!argument.output_of || (argument.findings && at_work))
        continue;
      node.start = node_of_[*argument.output_of];
      at_work = !argument.findings;
    }
    if (step.retries)
      node.retries = step.retries->value;
    if (step.timeout)
      node.timeout = step.timeout->value;
    node.otherwise = step.otherwise;
    node.doc = step.doc;
    node.place = place_of(sources_, step.name_span);
    lower_kind(step, node);
    return node;
  }

  void lower_kind(const sema::Step& step, plan::Node& node) {
    switch (step.kind) {
      case sema::StepKind::kTask: node.kind = plan::NodeKind::kTask; return;
      case sema::StepKind::kFanout:
        node.kind = plan::NodeKind::kFanout;
        node.fanout = lower_fanout(step);
        node.est = node.fanout->est;
        if (node.fanout->source.of)
          node.start = node.fanout->source.of;
        return;
      case sema::StepKind::kRun:
        node.kind = plan::NodeKind::kRun;
        node.command = texts_.command(step.command);
        node.sandboxed = step.sandboxed;
        return;
      case sema::StepKind::kMerge:
        node.kind = plan::NodeKind::kMerge;
        node.merge = lower_merge(step);
        return;
      case sema::StepKind::kHuman:
        node.kind = plan::NodeKind::kHuman;
        node.human = cast_.use_human(step.human->value);
        if (model_.humans[step.human->value].answers)
          node.est = model_.humans[step.human->value].answers->value;
        return;
      case sema::StepKind::kAll: node.kind = plan::NodeKind::kAll; return;
      case sema::StepKind::kAny: node.kind = plan::NodeKind::kAny; return;
      case sema::StepKind::kLoop: node.kind = plan::NodeKind::kLoop; return;
      case sema::StepKind::kLast: node.kind = plan::NodeKind::kLast; return;
    }
  }

  const SourceMap& sources_;
  const sema::Model& model_;
  const sema::Flow& flow_;
  const LowerOptions& options_;
  plan::Plan plan_;
  Texts texts_;
  Cast cast_{sources_, model_, texts_, plan_};
  std::vector<std::size_t> order_;        // steps in the order of the plan
  std::vector<plan::NodeIndex> node_of_;  // by step
};

}  // namespace

plan::Plan lower(const SourceMap& sources, const sema::Model& model, const sema::Flow& flow,
                 const LowerOptions& options) {
  return Lowering(sources, model, flow, options).run();
}

}  // namespace fleet::lower
