#include "engine/cli/simulated.h"

#include <algorithm>
#include <functional>

#include <fmt/format.h>

#include "dsl/plan/describe.h"
#include "dsl/plan/render.h"
#include "engine/report/words.h"

namespace fleet::cli {

using report::printable;
using report::spoken;
using simulate::quantile;

namespace {

// To the cent: what is drawn by chance has digits that mean nothing.
std::string dollars(plan::Money money) {
  return plan::to_string(plan::Money{(money.micros + 5'000) / 10'000 * 10'000});
}
std::string dollars(const std::optional<plan::Money>& money) {
  return money ? plan::to_string(*money) : "-";
}
std::string percent(double share) {
  return fmt::format("{:.1f} %", share * 100);
}

// Columns as wide as their widest cell; the first one to the left, the others to the right.
class Table {
 public:
  explicit Table(std::vector<std::string> head) { rows_.push_back(std::move(head)); }
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  std::string text() const {
    std::vector<std::size_t> widths(rows_.front().size(), 0);
    for (const auto& row : rows_)
      for (std::size_t i = 0; i < row.size(); ++i)
        widths[i] = std::max(widths[i], row[i].size());
    std::string out;
    for (const auto& row : rows_) {
      std::string line = fmt::format("  {:<{}}", row.front(), widths.front());
      for (std::size_t i = 1; i < row.size(); ++i)
        line += fmt::format("  {:>{}}", row[i], widths[i]);
      out += line + "\n";
    }
    return out;
  }

 private:
  std::vector<std::vector<std::string>> rows_;
};

std::string list_text(const std::string& title, const std::vector<std::string>& lines) {
  std::string out = fmt::format("\n{}\n", title);
  for (const std::string& line : lines)
    out += fmt::format("  - {}\n", printable(line));
  return out;
}

std::size_t count_of(const std::map<simulate::Became, std::size_t>& became,
                     simulate::Became which) {
  const auto found = became.find(which);
  return found == became.end() ? 0 : found->second;
}

std::string faults_text(
    const std::map<simulate::Fault, std::map<simulate::Became, std::size_t>>& struck) {
  using simulate::Became;
  if (struck.empty())
    return "\nno faults came up\n";
  Table table({"fault", "times", "mended", "a human was asked", "the step failed", "not needed"});
  for (const auto& [fault, became] : struck) {
    const std::size_t mended = count_of(became, Became::kMended);
    const std::size_t asked = count_of(became, Became::kAsked);
    const std::size_t failed = count_of(became, Became::kFailed);
    const std::size_t dropped = count_of(became, Became::kDropped);
    table.add({simulate::name_of(fault), std::to_string(mended + asked + failed + dropped),
               std::to_string(mended), std::to_string(asked), std::to_string(failed),
               std::to_string(dropped)});
  }
  return "\n" + table.text();
}

// Most frequent first; what is rarer than the first few is one line.
std::vector<std::pair<std::string, std::size_t>> most_frequent(
    const std::map<std::string, std::size_t>& ends) {
  constexpr std::size_t kShown = 6;
  std::vector<std::pair<std::string, std::size_t>> all(ends.begin(), ends.end());
  std::ranges::stable_sort(all, std::greater(), &std::pair<std::string, std::size_t>::second);
  if (all.size() <= kShown + 1)
    return all;
  std::size_t rest = 0;
  for (std::size_t i = kShown; i < all.size(); ++i)
    rest += all[i].second;
  const std::size_t kinds = all.size() - kShown;
  all.resize(kShown);
  all.emplace_back(fmt::format("{} other ends", kinds), rest);
  return all;
}

std::string foot(const Simulated& asked, const std::vector<std::string>& broken,
                 const std::string& kept) {
  std::string out =
      broken.empty() ? fmt::format("\nkept: {}\n", kept) : list_text("broken:", broken);
  if (!asked.left_out.empty())
    out += list_text("left out here as in the engine:", asked.left_out);
  return out + list_text("assumed, and not measured:", simulate::stated(asked.chances));
}

std::string seed_text(const Simulated& asked) {
  return fmt::format("by chance from seed {}, faults at {:g} %", asked.seed,
                     asked.chances.faults * 100);
}

}  // namespace

std::vector<std::string> broken_by(const plan::Plan& plan, const simulate::Odds& odds) {
  std::vector<std::string> broken;
  if (odds.over_worst > 0)
    broken.push_back(fmt::format("{} cost more than the worst case of {}",
                                 report::counted(odds.over_worst, "run"),
                                 dollars(plan.worst.money)));
  if (odds.never_ended > 0)
    broken.push_back(fmt::format("{} never ended, and nobody was asked",
                                 report::counted(odds.never_ended, "run")));
  return broken;
}

std::string odds_text(const Simulated& asked, const plan::Plan& plan, const simulate::Odds& odds) {
  const std::size_t runs = odds.took.size();
  std::string out = fmt::format("{}: {} {}\n\n", plan::title_of(plan), report::counted(runs, "run"),
                                seed_text(asked));
  for (const auto& [end, count] : most_frequent(odds.ends))
    out += fmt::format("  {:>6}  {}\n",
                       percent(static_cast<double>(count) / static_cast<double>(runs)), end);
  Table table({"", "half at most", "9 of 10", "99 of 100", "the worst seen", "the plan's worst"});
  table.add({"time", spoken(quantile(odds.took, .5)), spoken(quantile(odds.took, .9)),
             spoken(quantile(odds.took, .99)), spoken(odds.took.back()), "-"});
  table.add({"money", dollars(quantile(odds.spent, .5)), dollars(quantile(odds.spent, .9)),
             dollars(quantile(odds.spent, .99)), dollars(odds.spent.back()),
             dollars(plan.worst.money)});
  out += "\n" + table.text() + "\n";
  for (const auto& [agent, money] : odds.by_agent)
    out += fmt::format("  {}: {} a run\n", printable(agent),
                       dollars(plan::Money{money.micros / static_cast<std::int64_t>(runs)}));
  if (odds.asked > 0)
    out += fmt::format("  humans: {:.2f} questions a run\n",
                       static_cast<double>(odds.asked) / static_cast<double>(runs));
  return out + faults_text(odds.struck) +
         foot(asked, broken_by(plan, odds),
              "every run ended or waits for a human, and none cost more than its worst case");
}

namespace {

std::string money_text(const SimulatedFleet& fleet, const simulate::Days& days) {
  plan::Money dearest;
  for (const auto& [day, money] : days.by_day)
    dearest = std::max(dearest, money);
  const plan::Money spent = days.spent();
  std::string out = fmt::format(
      "money   {}: {} a day, {} on the dearest", dollars(spent),
      dollars(plan::Money{spent.micros / std::max<std::int64_t>(days.days, 1)}), dollars(dearest));
  if (fleet.company.limits.day)
    out += fmt::format("; the budget is {} a day", dollars(fleet.company.limits.day));
  return out + "\n";
}

std::string agents_text(const SimulatedFleet& fleet, const simulate::Days& days) {
  Table table({"agent", "sessions", "at work", "of the time", "meanwhile elsewhere", "spent",
               "dearest day", "budget a day"});
  const double whole = static_cast<double>(days.days) * 24 * 3'600'000;
  for (const auto& [name, agent] : days.agents) {
    plan::Money dearest;
    for (const auto& [day, money] : agent.by_day)
      dearest = std::max(dearest, money);
    const auto duty = std::ranges::find(fleet.company.duties, name, &resident::Duty::name);
    table.add({printable(name), std::to_string(agent.sessions), spoken(agent.worked),
               percent(static_cast<double>(agent.worked.count()) / whole),
               agent.overlapping.count() == 0 ? "-" : spoken(agent.overlapping),
               dollars(agent.spent), dollars(dearest),
               duty == fleet.company.duties.end() ? "-" : dollars(duty->day_budget)});
  }
  return "\n" + table.text();
}

std::string duties_text(const simulate::Days& days) {
  Table table(
      {"what begins", "runs", "spent", "dearest", "half take", "the longest", "waited most"});
  std::string ends;
  for (const auto& [name, duty] : days.duties) {
    const auto longest = [](const std::vector<plan::Millis>& all) {
      return all.empty() ? std::string("-") : spoken(all.back());
    };
    table.add({printable(name), std::to_string(duty.begun), dollars(duty.spent),
               dollars(duty.dearest), duty.took.empty() ? "-" : spoken(quantile(duty.took, .5)),
               longest(duty.took), longest(duty.waited)});
    for (const auto& [end, count] : most_frequent(duty.ends))
      ends += fmt::format("  {:>5} × {}: {}\n", count, printable(name), end);
  }
  return "\n" + table.text() + "\n" + ends;
}

std::string humans_text(const simulate::Days& days) {
  std::string out;
  for (const auto& [name, human] : days.humans) {
    out += fmt::format("{}  {} asked {}", out.empty() ? "\n" : "", printable(name),
                       human.asked == 1 ? "once" : fmt::format("{} times", human.asked));
    if (!human.waited.empty())
      out += fmt::format(": half waited {} at most, the longest {}",
                         spoken(quantile(human.waited, .5)), spoken(human.waited.back()));
    if (human.unanswered > 0)
      out += fmt::format("; {} still open", human.unanswered);
    out += "\n";
  }
  return out;
}

std::string saving_text(const SimulatedFleet& fleet, const simulate::Days& days) {
  const simulate::AlwaysOn usual;
  const simulate::Saving saving = simulate::saving_of(days, fleet.agents, usual);
  std::string out = fmt::format(
      "\nsaved by who sleeps until there is work: {} ({}), against the same {} always on, which "
      "also\nread {} tokens at {} a million every {} in which they have none; the work is the "
      "same\n",
      dollars(saving.idle), percent(saving.share), report::counted(fleet.agents.size(), "agent"),
      usual.context, dollars(usual.price), plan::to_string(usual.heartbeat));
  Table table({"heartbeat", "20k tokens", "50k", "150k", "cached: 20k", "50k", "150k"});
  const auto all = simulate::sensitivity_of(days, fleet.agents, usual);
  const std::size_t half = all.size() / 2;
  for (std::size_t i = 0; i < half; i += 3) {
    std::vector<std::string> row{plan::to_string(all[i].against.heartbeat)};
    for (const std::size_t from : {i, half + i})
      for (std::size_t j = 0; j < 3; ++j)
        row.push_back(percent(all[from + j].share));
    table.add(std::move(row));
  }
  return out + table.text() +
         fmt::format("  (cached: at {} a million)\n", dollars(all.back().against.price));
}

}  // namespace

std::string days_text(const Simulated& asked, const SimulatedFleet& fleet,
                      const simulate::Days& days) {
  std::string out = fmt::format("fleet {}: {} {}\n\n", printable(fleet.name),
                                report::counted(days.days, "day"), seed_text(asked));
  out += money_text(fleet, days);
  out += fmt::format("tasks   {} arrived, {} ended, {} with a human\n", days.arrived, days.finished,
                     days.with_human);
  const std::int64_t after = days.ended - static_cast<std::int64_t>(days.days) * 24 * 3'600'000;
  out += fmt::format(
      "runs    {}, the last one over {}\n", days.runs(),
      after > 0 ? spoken(plan::Millis(after)) + " after the last day" : "within the last day");
  out += agents_text(fleet, days) + duties_text(days) + humans_text(days);
  out += faults_text(days.struck) + saving_text(fleet, days);
  return out +
         foot(asked, days.broken,
              "no day was over a budget, no task was lost, and nothing waits without a path") +
         list_text(
             "and of the fleet:",
             {"a session ends with its work, whatever its `session_max`, and what is escalated "
              "is answered by its human, whatever agents stand before them",
              "tasks arrive as `load` says, at any time of the day; findings and pull "
              "requests come of runs, messages and files of nobody",
              "what a session spent counts on the day on which it ended",
              "of `limits` only `sessions` holds anybody back: not `starts`, nor `messages`",
              "each run has a timeline of its own: two that need the same agent at once do "
              "not wait for each other (\"meanwhile elsewhere\")",
              "after the last day nothing new comes, and what was asked for is brought to "
              "its end"});
}

}  // namespace fleet::cli
