#include "engine/report/bill.h"

#include <algorithm>
#include <variant>

#include <fmt/format.h>

#include "dsl/plan/render.h"
#include "engine/report/json.h"
#include "engine/report/money.h"
#include "engine/report/words.h"

namespace fleet::report {
namespace {

constexpr std::string_view kWhole = "all together";

// Who a task was given to; a fan-out's tasks may go to several agents.
std::string worker_of(const plan::Plan& plan, const run::State& state, const run::Task& task) {
  const plan::Node& node = plan.nodes[task.node.value];
  if (node.agents.empty())
    return "run";
  const bool seated = task.epoch > 0 && task.session.value < state.sessions.size();
  return plan
      .agents[(seated ? state.sessions[task.session.value].agent : node.agents.front()).value]
      .name;
}

// The others have no process.
bool has_process(const plan::Node& node) {
  return node.kind == plan::NodeKind::kTask || node.kind == plan::NodeKind::kFanout ||
         node.kind == plan::NodeKind::kRun;
}

bool is_accepted(const run::Task& task) {
  return task.phase == run::Phase::kDone && task.outcome == run::Outcome::kSuccess &&
         task.verdict != run::Verdict::kChangesRequested;
}

run::Used since(const run::Used& now, const run::Used& then) {
  return {.money = plan::Money{now.money.micros - then.money.micros},
          .input_tokens = now.input_tokens - then.input_tokens,
          .cached_tokens = now.cached_tokens - then.cached_tokens,
          .output_tokens = now.output_tokens - then.output_tokens};
}

// Of an event about one attempt: its task.
std::optional<run::TaskIndex> task_of(const run::EventBody& body) {
  return std::visit(
      [](const auto& event) -> std::optional<run::TaskIndex> {
        if constexpr (requires { event.attempt.task; })
          return event.attempt.task;
        else
          return std::nullopt;
      },
      body);
}

// "2026-11-21"
std::string day_of(std::int64_t at) {
  return timestamp(at).substr(0, 10);
}

std::string row(const Share& share, std::string_view name, std::size_t width, bool metered) {
  std::string out = fmt::format("  {:<{}} {:>6} {:>9} {:>9} {:>12}", name, width, share.tasks,
                                share.accepted, share.attempts, spoken(share.work));
  if (metered)
    out += fmt::format(" {:>10} {:>12} {:>10}", plan::to_string(share.used.money),
                       share.used.input_tokens, share.used.output_tokens);
  return out + "\n";
}

// No number where nobody told one: zero would be a figure.
std::string figures(const Share& share) {
  const std::string money = is_metered(share.used)
                                ? fmt::format("{}.{:06}", share.used.money.micros / 1'000'000,
                                              share.used.money.micros % 1'000'000)
                                : "null";
  return fmt::format(
      "\"tasks\":{},\"accepted\":{},\"attempts\":{},\"work_ms\":{},\"money\":{},"
      "\"input_tokens\":{},\"cached_tokens\":{},\"output_tokens\":{}",
      share.tasks, share.accepted, share.attempts, share.work.count(), money,
      share.used.input_tokens, share.used.cached_tokens, share.used.output_tokens);
}

}  // namespace

const char* word_of(By by) {
  switch (by) {
    case By::kAgent: return "agent";
    case By::kTask: return "task";
    case By::kRun: return "run";
    case By::kDay: return "day";
  }
  return "";
}

std::optional<By> by_of(std::string_view word) {
  for (const By by : {By::kAgent, By::kTask, By::kRun, By::kDay})
    if (word == word_of(by))
      return by;
  return std::nullopt;
}

bool is_over_runs(By by) {
  return by == By::kRun || by == By::kDay;
}

void Bill::begin_run() {
  known_.clear();
}

void Bill::saw(const plan::Plan& plan, const run::State& state, const run::Event& event,
               const std::vector<run::Transition>& transitions) {
  if (const auto task = task_of(event.body); task && task->value < state.tasks.size())
    count(plan, state, state.tasks[task->value], event.at);
  for (const run::Transition& change : transitions)
    count(plan, state, state.tasks[change.task.value], event.at);
}

void Bill::count(const plan::Plan& plan, const run::State& state, const run::Task& task,
                 std::int64_t at) {
  if (!has_process(plan.nodes[task.node.value]))
    return;
  if (known_.size() < state.tasks.size())
    known_.resize(state.tasks.size());
  Known& known = known_[task.index.value];
  std::string of;
  switch (by_) {
    case By::kAgent: of = worker_of(plan, state, task); break;
    case By::kTask: of = label(plan, task); break;
    case By::kRun: of = state.run; break;
    case By::kDay: of = day_of(at); break;
  }
  Share now;
  now.accepted = (is_accepted(task) ? 1 : 0) - (known.accepted ? 1 : 0);
  now.attempts = static_cast<std::int64_t>(task.epoch) - known.epoch;
  now.work = task.work - known.work;
  now.used = since(task.used, known.used);
  if (now.accepted == 0 && now.attempts == 0 && now.work.count() == 0 && now.used == run::Used{})
    return;
  Share& sum = share(of);
  if (!known.begun)
    ++tasks_;
  if (known.last != of)
    ++sum.tasks;
  sum.accepted += now.accepted;
  sum.attempts += now.attempts;
  sum.work += now.work;
  add(sum.used, now.used);
  known = {true, is_accepted(task), task.epoch, task.work, task.used, std::move(of)};
}

Share& Bill::share(const std::string& of) {
  const auto [place, added] = places_.try_emplace(of, shares_.size());
  if (added)
    shares_.emplace_back().of = of;
  return shares_[place->second];
}

std::vector<Share> Bill::shares() const {
  std::vector<Share> out = shares_;
  if (by_ == By::kAgent || by_ == By::kDay)
    std::ranges::sort(out, {}, &Share::of);
  return out;
}

Share Bill::all() const {
  Share sum;
  sum.tasks = tasks_;
  for (const Share& share : shares_) {
    sum.accepted += share.accepted;
    sum.attempts += share.attempts;
    sum.work += share.work;
    add(sum.used, share.used);
  }
  return sum;
}

std::map<std::string, plan::Money> money_by_agent(const plan::Plan& plan, const run::State& state) {
  Bill bill(By::kAgent);
  for (const run::Task& task : state.tasks)
    bill.count(plan, state, task, 0);
  std::map<std::string, plan::Money> out;
  for (const Share& share : bill.shares())
    if (share.used.money.micros != 0)
      out.emplace(share.of, share.used.money);
  return out;
}

std::string bill_text(const Bill& bill, const std::string& title) {
  const std::vector<Share> shares = bill.shares();
  const Share all = bill.all();
  const bool metered = is_metered(all.used);
  std::size_t width = kWhole.size();
  std::vector<std::string> names;
  for (const Share& share : shares) {
    names.push_back(shortened(printable(share.of), 40));
    width = std::max(width, names.back().size());
  }
  std::string out = title + "\n";
  out += fmt::format("  {:<{}} {:>6} {:>9} {:>9} {:>12}", word_of(bill.by()), width, "tasks",
                     "accepted", "attempts", "time");
  out += metered ? fmt::format(" {:>10} {:>12} {:>10}\n", "money", "tokens in", "out") : "\n";
  for (std::size_t i = 0; i < shares.size(); ++i)
    out += row(shares[i], names[i], width, metered);
  out += row(all, kWhole, width, metered);
  if (metered)
    out += fmt::format("  {} of the tokens in were cached\n", all.used.cached_tokens);
  else
    out += "  money: none reported; shell runtimes have no price\n";
  return out;
}

std::string bill_json(const Bill& bill, const std::string& run) {
  const std::string word = word_of(bill.by());
  std::string out = "{";
  if (!run.empty())
    out += fmt::format("\"run\":{},", json_string(run));
  out += fmt::format("\"{}s\":[", word);
  bool first = true;
  for (const Share& share : bill.shares()) {
    out += fmt::format("{}{{\"{}\":{},{}}}", first ? "" : ",", word, json_string(share.of),
                       figures(share));
    first = false;
  }
  return out + fmt::format("],\"all\":{{{}}}}}", figures(bill.all()));
}

}  // namespace fleet::report
