#include "engine/flow/order.h"

#include <algorithm>
#include <string_view>
#include <unordered_map>

#include "engine/base/check.h"
#include "engine/report/review.h"
#include "engine/report/words.h"

namespace fleet::flow {
namespace {

const run::Task& task_of(const run::State& state, run::Attempt attempt) {
  FLEET_ASSERT(attempt.task.value < state.tasks.size(), attempt.task.value, state.tasks.size());
  return state.tasks[attempt.task.value];
}

std::string agent_of(const plan::Plan& plan, const run::State& state, const run::Task& task) {
  if (plan.nodes[task.node.value].agents.empty())
    return {};
  return plan.agents[state.sessions[task.session.value].agent.value].name;
}

std::string finding_text(const plan::Plan& plan, const run::State& state, const run::Task& task) {
  const plan::NodeIndex review = *plan.nodes[task.node.value].fanout->source.of;
  for (const run::Finding& finding : run::findings_of(plan, state, review))
    if (finding.id == task.item)
      return text_of(finding);
  return task.item;
}

// The branch of a step that merges may go into.
std::string branch_of(const run::State& state, plan::NodeIndex node) {
  while (const auto& other = state.nodes[node.value].stands_for)
    node = *other;
  const auto& tasks = state.nodes[node.value].tasks;
  return tasks.empty() ? std::string() : state.tasks[tasks.front().value].branch;
}

void add_once(std::vector<std::string>& names, const std::string& name) {
  if (!name.empty() && std::ranges::find(names, name) == names.end())
    names.push_back(name);
}

// Of the steps before the merge, so that none that ends meanwhile changes what it says.
void tell_approvals(const plan::Plan& plan, const run::State& state, MergeOrder& order) {
  const std::vector<bool> earlier = report::before(plan, order.task.node);
  for (const run::Task& task : state.tasks) {
    if (!earlier[task.node.value])
      continue;
    if (task.verdict == run::Verdict::kApproved &&
        std::ranges::find(order.commits, task.start) != order.commits.end())
      add_once(order.reviewers, agent_of(plan, state, task));
    if (task.decision && task.decision->decision == run::Decision::kApprove)
      add_once(order.approvers, task.decision->by);
  }
}

TaskFacts facts_of(const plan::Plan& plan, const run::State& state, run::Attempt attempt) {
  const run::Task& task = task_of(state, attempt);
  const plan::Node& node = plan.nodes[task.node.value];
  TaskFacts facts = facts_of_item(plan, task.node, task.item, agent_of(plan, state, task));
  facts.attempt = attempt;
  facts.spent = task.spent;
  if (task.outcome != run::Outcome::kNone && task.outcome != run::Outcome::kSuccess)
    facts.last = task.detail.empty() ? run::name_of(task.outcome) : task.detail;
  if (node.start)
    facts.let_pass = state.nodes[node.start->value].let_pass;
  if (!node.args.empty())
    facts.text = fill(node.args.front(), hole_values(state, facts));
  if (mends_findings(node))
    facts.text = finding_text(plan, state, task);
  if (facts.task.empty())
    facts.task = facts.text;
  return facts;
}

std::string title_of(const plan::Plan& plan, const run::State& state, const run::Task& task) {
  return title_of(facts_of(plan, state, {task.index, task.epoch}));
}

struct OrderMaker {
  const plan::Plan& plan;
  const run::State& state;

  Order operator()(const run::ListItems& c) const {
    return ListOrder{c.node, run::start_commit(plan, state, c.node)};
  }
  Order operator()(const run::DecideSpawn& c) const {
    SpawnOrder order{c.node, {}, state.jobs};
    for (run::TaskIndex task : state.nodes[c.node.value].tasks)
      order.items.push_back(state.tasks[task.value].item);
    return order;
  }
  Order operator()(const run::Prepare& c) const {
    return PrepareOrder{facts_of(plan, state, c.attempt), c.session, c.start};
  }
  Order operator()(const run::Launch& c) const {
    const run::Task& task = task_of(state, c.attempt);
    return LaunchOrder{facts_of(plan, state, c.attempt), c.session, task.slot, task.start};
  }
  Order operator()(const run::Capture& c) const {
    const run::Task& task = task_of(state, c.attempt);
    return CaptureOrder{facts_of(plan, state, c.attempt), c.session, task.slot, task.start,
                        task.captured_at};
  }
  Order operator()(const run::Verify& c) const {
    const run::Task& task = task_of(state, c.attempt);
    return VerifyOrder{facts_of(plan, state, c.attempt), task.start, c.commit,
                       task.insertions + task.deletions};
  }
  Order operator()(const run::Publish& c) const {
    const run::Task& task = task_of(state, c.attempt);
    return PublishOrder{facts_of(plan, state, c.attempt), task.branch, c.commit};
  }
  Order operator()(const run::DoMerge& c) const {
    MergeOrder order;
    order.task = facts_of(plan, state, c.attempt);
    order.start = c.start;
    order.commits = c.commits;
    order.at = task_of(state, c.attempt).since;
    order.names.resize(order.commits.size());
    order.titles.resize(order.commits.size());
    order.agents.resize(order.commits.size());
    const plan::Node& node = plan.nodes[order.task.node.value];
    if (const auto& into = node.merge->into_step) {
      order.branch = branch_of(state, *into);
      order.tip = c.start;
    } else if (!node.merge->into_base) {
      for (const auto& [branch, task] : state.leases)
        if (task != c.attempt.task)
          order.leased.emplace_hint(order.leased.end(), branch, task);
    }
    std::unordered_map<std::string_view, std::size_t> places;
    for (std::size_t i = 0; i < order.commits.size(); ++i)
      places.emplace(order.commits[i], i);
    for (plan::NodeIndex from : node.merge->from)
      for (run::TaskIndex index : state.nodes[from.value].tasks) {
        const run::Task& task = state.tasks[index.value];
        if (const auto at = places.find(task.commit); at != places.end()) {
          order.names[at->second] = task.item.empty() ? plan.nodes[from.value].name : task.item;
          order.titles[at->second] = title_of(plan, state, task);
          order.agents[at->second] = agent_of(plan, state, task);
        }
      }
    // A step's tip that merges have moved on is no task's own commit.
    for (std::size_t i = 0; i < order.names.size(); ++i) {
      if (!order.names[i].empty())
        continue;
      const plan::NodeIndex from = node.merge->from[std::min(i, node.merge->from.size() - 1)];
      order.names[i] = plan.nodes[from.value].name;
      if (const auto& tasks = state.nodes[from.value].tasks; tasks.size() == 1) {
        const run::Task& task = state.tasks[tasks.front().value];
        order.titles[i] = title_of(plan, state, task);
        order.agents[i] = agent_of(plan, state, task);
      }
    }
    tell_approvals(plan, state, order);
    return order;
  }
  Order operator()(const run::StartTimer& c) const { return TimerOrder{c.attempt, c.at}; }
  Order operator()(const run::Cancel& c) const { return CancelOrder{c.attempt}; }
  Order operator()(const run::EndSession& c) const { return EndSessionOrder{c.session}; }
  Order operator()(const run::OpenGate& c) const {
    const run::Task& task = task_of(state, c.attempt);
    OpenGateOrder order{facts_of(plan, state, c.attempt), task.gate->human, task.gate->why};
    if (task.gate->asks == run::Asks::kEscalation && plan.escalation)
      for (const std::string& agent : plan.escalation->path)
        if (agent != task.gate->human && agent != order.task.agent)
          order.first.push_back(agent);
    if (!order.first.empty())
      order.tell_at =
          task.gate->opened_at + plan.escalation->within.value_or(plan::Millis{0}).count();
    return order;
  }
  Order operator()(const run::CloseGate& c) const { return CloseGateOrder{c.attempt, c.why}; }
  Order operator()(const run::CloseRun& c) const { return CloseOrder{c.outcome}; }
};

}  // namespace

TaskFacts task_facts(const plan::Plan& plan, const run::State& state, run::Attempt attempt) {
  return facts_of(plan, state, attempt);
}

Order make_order(const plan::Plan& plan, const run::State& state, const run::Command& command) {
  return std::visit(OrderMaker{plan, state}, command);
}

std::optional<plan::Money> left_for(const plan::Agent& agent, const TaskFacts& task) {
  if (!agent.budget)
    return std::nullopt;
  return plan::Money{std::max<std::int64_t>(agent.budget->micros - task.spent.micros, 0)};
}

bool mends_findings(const plan::Node& node) {
  return node.fanout && node.fanout->source.kind == plan::FanoutSource::Kind::kFindings;
}

TaskFacts facts_of_item(const plan::Plan& plan, plan::NodeIndex node, std::string item,
                        std::string agent) {
  TaskFacts facts;
  facts.node = node;
  facts.agent = std::move(agent);
  facts.item = std::move(item);
  facts.text = facts.item;
  facts.round = std::max(plan.nodes[node.value].round, 1U);
  for (const auto& [name, value] : plan.parameters)
    if (name == "task")
      facts.task = value;
  if (facts.task.empty())
    facts.task = facts.item;
  return facts;
}

std::string title_of(const TaskFacts& task) {
  constexpr std::size_t kMost = 60;
  const std::string& whole = task.text.empty() ? task.item : task.text;
  std::string text = report::printable(whole.substr(0, whole.find('\n')));
  if (text.size() <= kMost)
    return text;
  std::size_t end = kMost - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  return text.substr(0, end) + "...";
}

std::string text_of(const run::Finding& finding) {
  std::string text = report::word_of(finding.severity);
  text += ": ";
  if (!finding.path.empty())
    text += finding.line == 0 ? finding.path + ": "
                              : fmt::format("{}:{}: ", finding.path, finding.line);
  text += finding.title;
  if (!finding.label.empty())
    text += fmt::format("\n\nLabel: {}", finding.label);
  if (!finding.detail.empty())
    text += "\n\n" + finding.detail;
  return text;
}

HoleValues hole_values(const run::State& state, const TaskFacts& task) {
  HoleValues values;
  values.task = task.task;
  values.item = task.item;
  values.agent = task.agent;
  values.run = state.run;
  values.round = std::to_string(task.round);
  const auto day = std::chrono::floor<std::chrono::days>(
      std::chrono::sys_time<std::chrono::milliseconds>(std::chrono::milliseconds(state.opened_at)));
  const std::chrono::year_month_day date(day);
  values.date = fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                            static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  return values;
}

std::string fill(const plan::Template& text, const HoleValues& values) {
  std::string out;
  for (const plan::Segment& segment : text) {
    if (!segment.hole) {
      out += segment.text;
    } else if (segment.text == "item") {
      out += values.item;
    } else if (segment.text == "task") {
      out += values.task;
    } else if (segment.text == "agent") {
      out += values.agent;
    } else if (segment.text == "run") {
      out += values.run;
    } else if (segment.text == "round") {
      out += values.round;
    } else if (segment.text == "date") {
      out += values.date;
    } else {
      out += "{" + segment.text + "}";
    }
  }
  return out;
}

}  // namespace fleet::flow
