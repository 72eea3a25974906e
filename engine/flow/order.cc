#include "engine/flow/order.h"

#include <string_view>
#include <unordered_map>

#include "engine/base/check.h"

namespace fleet::flow {
namespace {

const run::Task& task_of(const run::State& state, run::Attempt attempt) {
  FLEET_ASSERT(attempt.task.value < state.tasks.size(), attempt.task.value, state.tasks.size());
  return state.tasks[attempt.task.value];
}

TaskFacts facts_of(const plan::Plan& plan, const run::State& state, run::Attempt attempt) {
  const run::Task& task = task_of(state, attempt);
  const plan::Node& node = plan.nodes[task.node.value];
  TaskFacts facts;
  facts.attempt = attempt;
  facts.node = task.node;
  facts.item = task.item;
  if (!node.agents.empty())
    facts.agent = plan.agents[state.sessions[task.session.value].agent.value].name;
  facts.text = task.item;
  if (!node.args.empty())
    facts.text = fill(node.args.front(), hole_values(state, facts));
  return facts;
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
    MergeOrder order{
        facts_of(plan, state, c.attempt), c.start, c.commits, {}, task_of(state, c.attempt).since};
    order.names.resize(order.commits.size());
    const plan::Node& node = plan.nodes[order.task.node.value];
    std::unordered_map<std::string_view, std::size_t> places;
    for (std::size_t i = 0; i < order.commits.size(); ++i)
      places.emplace(order.commits[i], i);
    for (plan::NodeIndex from : node.merge->from)
      for (run::TaskIndex index : state.nodes[from.value].tasks) {
        const run::Task& task = state.tasks[index.value];
        if (const auto at = places.find(task.commit); at != places.end())
          order.names[at->second] = task.item.empty() ? plan.nodes[from.value].name : task.item;
      }
    return order;
  }
  Order operator()(const run::StartTimer& c) const { return TimerOrder{c.attempt, c.at}; }
  Order operator()(const run::Cancel& c) const { return CancelOrder{c.attempt}; }
  Order operator()(const run::EndSession& c) const { return EndSessionOrder{c.session}; }
  Order operator()(const run::OpenGate& c) const {
    const run::Task& task = task_of(state, c.attempt);
    return OpenGateOrder{facts_of(plan, state, c.attempt), task.gate->human, task.gate->why};
  }
  Order operator()(const run::CloseGate& c) const { return CloseGateOrder{c.attempt, c.why}; }
  Order operator()(const run::CloseRun& c) const { return CloseOrder{c.outcome}; }
};

}  // namespace

Order make_order(const plan::Plan& plan, const run::State& state, const run::Command& command) {
  return std::visit(OrderMaker{plan, state}, command);
}

HoleValues hole_values(const run::State& state, const TaskFacts& task) {
  HoleValues values;
  values.task = task.text.empty() ? task.item : task.text;
  values.item = task.item;
  values.agent = task.agent;
  values.run = state.run;
  values.round = "1";
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
