#include "dsl/lower/lower.h"

#include <algorithm>
#include <map>
#include <set>

#include "dsl/lower/command.h"
#include "dsl/lower/dag.h"
#include "dsl/lower/day.h"
#include "dsl/lower/estimate.h"
#include "dsl/plan/codec.h"

namespace fleet::lower {
namespace {

// Literal neighbours become one segment, so that equal texts are equal templates.
void append(plan::Template& text, bool hole, const std::string& piece) {
  if (!hole && !text.empty() && !text.back().hole) {
    text.back().text += piece;
  } else {
    text.push_back({hole, piece});
  }
}

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
    add_colleagues();
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
        values_[parameter.value] = given->second;
      }
    }
    if (flow_.accept)
      plan_.accept = lower_acceptances(flow_.accept->value);
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
    use_human(*escalation.human);
  }

  // Humans, credentials and documents enter the plan at their first use.
  const std::string& use_human(std::size_t index) {
    const sema::Human& human = model_.humans[index];
    if (humans_.insert(index).second) {
      plan::Human lowered;
      lowered.name = human.name;
      if (human.answers)
        lowered.answers = human.answers->value;
      if (was_said(human.notify))
        lowered.notify = lower_command(human.notify);
      lowered.key = human.key;
      plan_.humans.push_back(std::move(lowered));
    }
    return human.name;
  }

  const std::string& use_credential(std::size_t index) {
    const sema::Credential& credential = model_.credentials[index];
    if (!credentials_.insert(index).second)
      return credential.name;
    plan::Credential lowered;
    lowered.name = credential.name;
    lowered.from = credential.from;
    lowered.source = credential.source;
    if (was_said(credential.command))
      lowered.command = lower_command(credential.command);
    if (credential.owner)
      lowered.owner = use_human(credential.owner->value);
    if (credential.expires)
      lowered.expires = credential.expires->value;
    lowered.scopes = credential.scopes;
    if (was_said(credential.probe))
      lowered.probe = lower_command(credential.probe);
    lowered.mode = credential.mode;
    plan_.credentials.push_back(std::move(lowered));
    return credential.name;
  }

  const std::string& use_identity(std::size_t index) {
    const sema::Identity& identity = model_.identities[index];
    if (!identities_.insert(index).second)
      return identity.name;
    plan::Identity lowered;
    lowered.name = identity.name;
    lowered.version = identity.version;
    lowered.file = identity.file->value;
    lowered.sha256 = identity.document.sha256;
    for (const sema::At<std::size_t>& before : identity.after)
      lowered.after.push_back(use_identity(before.value));
    plan_.identities.push_back(std::move(lowered));
    return identity.name;
  }

  // The documents that an agent names and those that come before them, in the order of reading.
  void add_identity(std::size_t index, std::vector<std::string>& order) {
    for (const sema::At<std::size_t>& before : model_.identities[index].after)
      add_identity(before.value, order);
    const std::string& name = use_identity(index);
    if (std::ranges::find(order, name) == order.end())
      order.push_back(name);
  }

  static bool was_said(const sema::Text& text) { return text.span.end > text.span.begin; }

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

  plan::Place place_of(Span span) const {
    const Source& source = sources_.get(span.source);
    const LineColumn at = source.locate(span.begin);
    return {source.name(), at.line, at.column};
  }

  // Parameters with a value become literal text.
  plan::Template fill(const plan::Template& text) const {
    plan::Template filled;
    for (const plan::Segment& segment : text) {
      const auto value = segment.hole ? values_.find(segment.text) : values_.end();
      const bool known = value != values_.end();
      append(filled, segment.hole && !known, known ? value->second : segment.text);
    }
    return filled;
  }

  plan::Template lower_text(const sema::Text& text) const {
    plan::Template segments;
    for (const sema::Piece& piece : text.pieces)
      append(segments, piece.hole, piece.text);
    return fill(segments);
  }

  plan::Template lower_branch(const sema::Text& text) const {
    plan::Template segments;
    for (const sema::Piece& piece : text.pieces) {
      const auto value = piece.hole ? values_.find(piece.text) : values_.end();
      const bool known = value != values_.end();
      append(segments, piece.hole && !known, known ? branch_part(value->second) : piece.text);
    }
    return segments;
  }

  // Words are cut before parameters are filled in: a value is never split or read as shell.
  plan::Command lower_command(const sema::Text& text) const {
    plan::Command command = compile_command(text).command;
    for (plan::Template& word : command.argv)
      word = fill(word);
    return command;
  }

  std::vector<plan::Acceptance> lower_acceptances(const std::vector<sema::Acceptance>& all) const {
    std::vector<plan::Acceptance> lowered;
    for (const sema::Acceptance& one : all) {
      plan::Acceptance acceptance;
      acceptance.kind = one.kind;
      acceptance.max_lines = one.max_lines;
      acceptance.text = one.written;
      if (one.kind == plan::Acceptance::Kind::kCommand) {
        acceptance.command = lower_command(one.command);
      }
      lowered.push_back(std::move(acceptance));
    }
    return lowered;
  }

  plan::Runtime lower_runtime(const sema::Runtime& runtime) const {
    plan::Runtime lowered;
    lowered.name = runtime.name;
    lowered.adapter = runtime.adapter;
    if (was_said(runtime.command))
      lowered.command = lower_command(runtime.command);
    lowered.model = runtime.model;
    lowered.spawn = runtime.spawn;
    lowered.price = runtime.price;
    lowered.env = runtime.env;
    lowered.sandbox = runtime.sandbox;
    return lowered;
  }

  // Many agents share a runtime: its command is cut up once.
  const plan::Runtime& runtime_of(std::size_t index) {
    const auto [known, fresh] = runtimes_.try_emplace(index);
    if (fresh)
      known->second = lower_runtime(model_.runtimes[index]);
    return known->second;
  }

  plan::Agent lower_agent(const sema::Agent& agent) {
    const sema::Contract& contract = agent.contract;
    plan::Agent lowered;
    lowered.name = agent.name;
    lowered.role = agent.role;
    lower_dispatch(contract, lowered);
    lowered.clones = lowered.dispatch == plan::Dispatch::kEphemeral;
    lowered.runtime = runtime_of(contract.runtime->value);
    if (contract.writes && !contract.writes->value.none) {
      const sema::Writes& writes = contract.writes->value;
      lowered.writes = plan::Writes{lower_branch(writes.branch), writes.in};
    }
    if (contract.keep)
      lowered.keep = contract.keep->value;
    if (contract.reads)
      lowered.reads = contract.reads->value;
    if (contract.returns)
      lowered.returns = contract.returns->value;
    if (contract.identity) {
      for (const sema::IdentityUse& use : contract.identity->value)
        add_identity(use.identity, lowered.identity);
    }
    if (contract.grants) {
      for (const sema::At<std::size_t>& grant : contract.grants->value)
        lowered.grants.push_back(use_credential(grant.value));
    }
    if (contract.budget)
      lowered.budget = contract.budget->value;
    if (contract.day_budget)
      lowered.day_budget = contract.day_budget->value;
    if (contract.timeout)
      lowered.timeout = contract.timeout->value;
    if (contract.accept)
      lowered.accept = lower_acceptances(contract.accept->value);
    // A reviewer that says nothing of its session has a fresh one.
    const bool fresh = lowered.returns == plan::Returns::kVerdict;
    lowered.session = contract.session ? contract.session->value
                      : fresh          ? plan::SessionMode::kFresh
                                       : plan::SessionMode::kOwn;
    if (contract.session_max)
      lowered.session_max = contract.session_max->value;
    if (contract.checkpoint)
      lowered.checkpoint = contract.checkpoint->value;
    if (contract.handoff)
      lowered.handoff = contract.handoff->value;
    if (contract.restart)
      lowered.restart = contract.restart->value;
    if (contract.on_engine_crash)
      lowered.on_engine_crash = contract.on_engine_crash->value;
    if (contract.brief)
      lowered.brief = contract.brief->value;
    lowered.place = place_of(agent.name_span);
    return lowered;
  }

  static void lower_dispatch(const sema::Contract& contract, plan::Agent& lowered) {
    if (!contract.dispatch)
      return;
    const sema::Dispatch& dispatch = contract.dispatch->value;
    lowered.dispatch = dispatch.mode;
    lowered.on = dispatch.on;
    lowered.every = dispatch.every;
    lowered.overlap = dispatch.overlap;
  }

  void add_colleagues() {
    for (const sema::Agent& agent : model_.agents) {
      const auto& dispatch = agent.contract.dispatch;
      const auto& reads = agent.contract.reads;
      if (!agent.is_role && !agent.imported && dispatch &&
          dispatch->value.mode != plan::Dispatch::kEphemeral &&
          (!reads || reads->value == plan::Reads::kRepo) && !agent_names_.contains(agent.name))
        plan_.colleagues.push_back(agent.name);
    }
  }

  // An agent enters the plan at its first use.
  plan::AgentIndex agent_index(std::size_t agent) {
    const auto [known, fresh] =
        agents_.emplace(agent, static_cast<std::uint32_t>(plan_.agents.size()));
    if (fresh) {
      plan::Agent lowered = lower_agent(model_.agents[agent]);
      // A library's role and the user's own may share a name where an alias tells them apart.
      const std::string name = lowered.name;
      for (int i = 2; !agent_names_.insert(lowered.name).second; ++i)
        lowered.name = name + "_" + std::to_string(i);
      plan_.agents.push_back(std::move(lowered));
    }
    return {known->second};
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
      lowered.routes.emplace_back(value, plan_.agents[agent_index(agent).value].name);
    if (fanout.source.kind == plan::FanoutSource::Kind::kCommandLines) {
      lowered.source.command = lower_command(fanout.source.command);
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
      merge.into = step.merge.into ? lower_branch(*step.merge.into)
                                   : plan::Template{{false, plan_.repo.base}};
    }
    merge.accept = plan_.accept;
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
      node.agents.push_back(agent_index(use.value));
    }
    bool at_work = false;
    for (const sema::Argument& argument : step.arguments) {
      node.args.push_back(lower_text(argument.text));
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
    node.place = place_of(step.name_span);
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
        node.command = lower_command(step.command);
        node.sandboxed = step.sandboxed;
        return;
      case sema::StepKind::kMerge:
        node.kind = plan::NodeKind::kMerge;
        node.merge = lower_merge(step);
        return;
      case sema::StepKind::kHuman:
        node.kind = plan::NodeKind::kHuman;
        node.human = use_human(step.human->value);
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
  std::map<std::string, std::string> values_;
  std::vector<std::size_t> order_;               // steps in the order of the plan
  std::vector<plan::NodeIndex> node_of_;         // by step
  std::map<std::size_t, std::uint32_t> agents_;  // model's agent to plan's
  std::set<std::string> agent_names_;
  std::map<std::size_t, plan::Runtime> runtimes_;  // by the model's index
  std::set<std::size_t> humans_;                   // of the model, in the plan already
  std::set<std::size_t> credentials_;
  std::set<std::size_t> identities_;
};

}  // namespace

plan::Plan lower(const SourceMap& sources, const sema::Model& model, const sema::Flow& flow,
                 const LowerOptions& options) {
  return Lowering(sources, model, flow, options).run();
}

}  // namespace fleet::lower
