#include "engine/simulate/scenario_model.h"

#include <algorithm>

#include <fmt/format.h>

#include "engine/flow/items.h"

namespace fleet::simulate {

using std::chrono::milliseconds;

namespace {

constexpr milliseconds kUsual = std::chrono::minutes(1);
constexpr milliseconds kForever = std::chrono::hours(24 * 3650);
// Of a source that only a repository could list.
const std::vector<std::string> kSomeItems{"item-1", "item-2"};

milliseconds limit_of(const plan::Node& node, const plan::Agent* agent) {
  milliseconds limit = node.timeout.value_or(kForever);
  if (agent != nullptr && agent->timeout)
    limit = std::min(limit, *agent->timeout);
  return limit;
}

run::CheckResult failed_check(const std::vector<plan::Acceptance>& accept) {
  return {accept.empty() ? "accept" : accept.front().text, false, "exit 1", {}};
}

}  // namespace

bool ScenarioModel::answers(Aspect aspect, Kind kind) {
  switch (kind) {
    case Kind::kApproves:
    case Kind::kRejects: return aspect == Aspect::kDecision;
    case Kind::kContinues:
    case Kind::kStops: return aspect == Aspect::kEscalation;
    case Kind::kNeverAnswers: return aspect == Aspect::kDecision || aspect == Aspect::kEscalation;
    case Kind::kTakes: return aspect == Aspect::kTime;
    case Kind::kSpends: return aspect == Aspect::kMoney;
    case Kind::kLists: return aspect == Aspect::kItems;
    default: return aspect == Aspect::kEnd;
  }
}

bool ScenarioModel::fits(const plan::Assumption& one, const Situation& where) const {
  const plan::Node& node = plan_.nodes[where.node.value];
  if (one.who == plan::Assumption::Who::kAgent && one.name != where.agent)
    return false;
  if (one.who == plan::Assumption::Who::kHuman && one.name != where.human)
    return false;
  if (!one.anywhere && std::ranges::find(one.nodes, where.node) == one.nodes.end())
    return false;
  return (one.round == 0 || one.round == node.round) && (!one.item || *one.item == where.item);
}

const plan::Deed* ScenarioModel::next(Aspect aspect, const Situation& where) {
  std::optional<std::size_t> best;
  int exactness = -1;
  for (std::size_t i = 0; i < given_.size(); ++i) {
    const plan::Assumption& one = given_[i];
    const bool speaks = std::ranges::all_of(
        one.deeds, [&](const plan::Deed& deed) { return answers(aspect, deed.kind); });
    if (!speaks || !fits(one, where))
      continue;
    const int exact = (one.anywhere ? 0 : 1) + (one.round == 0 ? 0 : 1) + (one.item ? 1 : 0);
    if (exact >= exactness) {
      best = i;
      exactness = exact;
    }
  }
  if (!best)
    return nullptr;
  const std::vector<plan::Deed>& deeds = given_[*best].deeds;
  return &deeds[std::min<std::size_t>(uses_[*best]++, deeds.size() - 1)];
}

const plan::Agent* ScenarioModel::agent_named(const std::string& name) const {
  const auto found = std::ranges::find(plan_.agents, name, &plan::Agent::name);
  return found == plan_.agents.end() ? nullptr : &*found;
}

Course ScenarioModel::course(const flow::Order& order) {
  if (const auto* gate = std::get_if<flow::OpenGateOrder>(&order)) {
    const Situation where{"", gate->human, gate->task.node, gate->task.item};
    const plan::Deed* const takes = next(Aspect::kTime, where);
    const auto human = std::ranges::find(plan_.humans, gate->human, &plan::Human::name);
    const milliseconds usual =
        human == plan_.humans.end() ? kUsual : human->answers.value_or(kUsual);
    return {takes != nullptr ? takes->time : usual, milliseconds{0}, false};
  }
  if (const auto* merge = std::get_if<flow::MergeOrder>(&order)) {
    const plan::Deed* const takes = next(Aspect::kTime, {"", "", merge->task.node, ""});
    return {takes != nullptr ? takes->time : milliseconds{0}, milliseconds{0}, false};
  }
  if (const auto* prepare = std::get_if<flow::PrepareOrder>(&order)) {
    const plan::Node& node = plan_.nodes[prepare->task.node.value];
    const plan::Agent* const agent = agent_named(prepare->task.agent);
    if (agent == nullptr || warm_.contains(prepare->session.value))
      return {};
    const std::optional<plan::Millis> spawn =
        node.fanout && node.fanout->spawn ? node.fanout->spawn : agent->runtime.spawn;
    return {spawn.value_or(milliseconds{0}), milliseconds{0}, false};
  }
  return {};
}

std::vector<std::string> ScenarioModel::items_of(const plan::Node& node,
                                                 const plan::Deed* listed) const {
  if (listed != nullptr)
    return listed->items;
  const plan::FanoutSource& source = node.fanout->source;
  if (source.kind == plan::FanoutSource::Kind::kList)
    return source.list;
  if (source.kind != plan::FanoutSource::Kind::kRange)
    return kSomeItems;
  std::vector<std::string> items;
  for (std::int64_t i = source.first; i <= source.last; ++i)
    items.push_back(std::to_string(i));
  return items;
}

run::ItemsListed ScenarioModel::list_items(const flow::ListOrder& order) {
  const plan::Node& node = plan_.nodes[order.node.value];
  const plan::Deed* const listed = next(Aspect::kItems, {"", "", order.node, ""});
  run::ItemsListed event = flow::limited(order.node, *node.fanout, items_of(node, listed));
  if (!node.fanout->routes.empty())
    event.agents = flow::routed(plan_, node, event.items);
  return event;
}

run::Prepared ScenarioModel::prepare(const flow::PrepareOrder& order) {
  run::Prepared prepared;
  prepared.attempt = order.task.attempt;
  prepared.start = order.start;
  prepared.slot = fmt::format("slot-{}", order.session.value);
  prepared.cold = warm_.insert(order.session.value).second;
  const plan::Agent* const agent = agent_named(order.task.agent);
  if (agent != nullptr && agent->writes)
    prepared.branch = flow::fill(agent->writes->branch,
                                 {order.task.task, order.task.item, order.task.agent, "simulated",
                                  std::to_string(order.task.round), "2030-01-01"});
  return prepared;
}

plan::Deed ScenarioModel::usual(const plan::Agent* agent) const {
  const bool reviews = agent != nullptr && agent->returns == plan::Returns::kVerdict;
  return {.kind = reviews ? Kind::kApproved : Kind::kDone};
}

void ScenarioModel::end_as(const plan::Deed& deed, Process& process) const {
  switch (deed.kind) {
    case Kind::kFails: process.end.code = 1; break;
    case Kind::kCrashes:
      process.end.how = run::ExitHow::kSignalled;
      process.end.code = 11;
      break;
    case Kind::kHangs: process.end.duration = kForever; break;
    default: break;
  }
}

void ScenarioModel::say_verdict(const flow::TaskFacts& task, const plan::Deed& deed,
                                Process& process) const {
  std::uint32_t number = 0;
  for (const auto& [label, count] : deed.findings) {
    for (std::uint32_t i = 0; i < count; ++i) {
      ++number;
      run::Finding finding;
      finding.id = fmt::format("{}-{}", task.agent, number);
      finding.label = label;
      finding.title = fmt::format("finding {} of {}", number, task.agent);
      process.says.push_back(run::FindingFiled{task.attempt, std::move(finding)});
    }
  }
  if (deed.kind == Kind::kApproved || deed.kind == Kind::kChangesRequested)
    process.says.push_back(run::VerdictGiven{
        task.attempt,
        deed.kind == Kind::kApproved ? run::Verdict::kApproved : run::Verdict::kChangesRequested,
        ""});
}

// More than its budget it does not get: it is ended there.
void ScenarioModel::spend(const flow::TaskFacts& task, const plan::Agent& agent, plan::Money money,
                          Process& process) const {
  if (agent.budget && *agent.budget < money) {
    money = *agent.budget;
    process.end.how = run::ExitHow::kBudgetSpent;
    process.end.code = 0;
  }
  process.says.push_back(run::Metered{task.attempt, money.micros, 0, 0, 0});
}

Process ScenarioModel::launch(const flow::LaunchOrder& order) {
  const flow::TaskFacts& task = order.task;
  const plan::Node& node = plan_.nodes[task.node.value];
  const plan::Agent* const agent = agent_named(task.agent);
  const Situation where{task.agent, "", task.node, task.item};
  Process process;
  process.end.attempt = task.attempt;
  const plan::Deed* const takes = next(Aspect::kTime, where);
  process.end.duration = takes != nullptr ? takes->time : node.est.value_or(kUsual);
  const plan::Deed* const said = next(Aspect::kEnd, where);
  const plan::Deed deed = said != nullptr ? *said : usual(agent);
  bad_evidence_[task.attempt] = deed.kind == Kind::kFailsEvidence;
  end_as(deed, process);
  if (agent != nullptr) {
    for (const std::string& document : agent->identity)
      process.says.push_back(run::IdentityRead{task.attempt, document, 0, ""});
    say_verdict(task, deed, process);
    if (const plan::Deed* const spends = next(Aspect::kMoney, where))
      spend(task, *agent, spends->money, process);
  }
  if (const milliseconds limit = limit_of(node, agent); process.end.duration > limit) {
    process.end.duration = limit;
    process.end.how = run::ExitHow::kTimedOut;
    process.end.code = 0;
  }
  return process;
}

run::Captured ScenarioModel::capture(const flow::CaptureOrder& order) {
  run::Captured captured;
  captured.attempt = order.task.attempt;
  captured.commit = fmt::format("c{}.{}", order.task.attempt.task.value, order.task.attempt.epoch);
  captured.files = 1;
  captured.insertions = 1;
  return captured;
}

run::Verified ScenarioModel::verify(const flow::VerifyOrder& order) {
  run::Verified verified;
  verified.attempt = order.task.attempt;
  const auto bad = bad_evidence_.find(order.task.attempt);
  verified.passed = bad == bad_evidence_.end() || !bad->second;
  if (!verified.passed)
    verified.checks.push_back(failed_check(agent_named(order.task.agent)->accept));
  return verified;
}

run::Published ScenarioModel::publish(const flow::PublishOrder& order) {
  return {order.task.attempt, order.branch, order.commit, ""};
}

run::Merged ScenarioModel::merge(const flow::MergeOrder& order) {
  const plan::Node& node = plan_.nodes[order.task.node.value];
  run::Merged merged;
  merged.attempt = order.task.attempt;
  merged.branch = !order.branch.empty()   ? order.branch
                  : node.merge->into_base ? plan_.repo.base
                                          : flow::fill(node.merge->into, {});
  const plan::Deed* const deed = next(Aspect::kEnd, {"", "", order.task.node, ""});
  switch (deed == nullptr ? Kind::kDone : deed->kind) {
    case Kind::kConflicts:
      merged.how = run::MergeHow::kConflict;
      merged.paths = {"a file of both"};
      return merged;
    case Kind::kFailsEvidence:
      merged.how = run::MergeHow::kEvidenceFailed;
      merged.checks = {failed_check(node.merge->accept)};
      return merged;
    case Kind::kFails:
      merged.how = run::MergeHow::kRefused;
      merged.detail = "the branch could not be moved";
      return merged;
    default: break;
  }
  merged.how = order.commits.empty() ? run::MergeHow::kNothing : run::MergeHow::kMerged;
  merged.commit = order.commits.empty() ? order.start
                                        : fmt::format("m{}.{}", order.task.attempt.task.value,
                                                      order.task.attempt.epoch);
  return merged;
}

// Unless it is said otherwise a human approves, and stops what was escalated: what went wrong is
// not let pass by somebody whom the test does not speak of.
std::optional<run::GateAnswered> ScenarioModel::open_gate(const flow::OpenGateOrder& order) {
  const run::Asks asks = record_.asks(order.task.attempt.task);
  const bool escalated = asks == run::Asks::kEscalation;
  const plan::Deed* const deed = next(escalated ? Aspect::kEscalation : Aspect::kDecision,
                                      {"", order.human, order.task.node, order.task.item});
  const Kind kind = deed != nullptr ? deed->kind : escalated ? Kind::kStops : Kind::kApproves;
  if (kind == Kind::kNeverAnswers)
    return std::nullopt;
  const bool yes = kind == Kind::kApproves || kind == Kind::kContinues;
  return run::GateAnswered{order.task.attempt,
                           yes ? run::Decision::kApprove : run::Decision::kReject, order.human,
                           "a test", ""};
}

void ScenarioModel::end_session(const flow::EndSessionOrder& order) {
  warm_.erase(order.session.value);
}

}  // namespace fleet::simulate
