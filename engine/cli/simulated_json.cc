#include <nlohmann/json.hpp>

#include "engine/cli/simulated.h"
#include "engine/report/words.h"

namespace fleet::cli {
namespace {

using Object = nlohmann::ordered_json;

const char* word_of(simulate::Became became) {
  switch (became) {
    case simulate::Became::kMended: return "mended";
    case simulate::Became::kAsked: return "asked";
    case simulate::Became::kFailed: return "failed";
    case simulate::Became::kDropped: return "not_needed";
  }
  return "?";
}

Object faults_object(
    const std::map<simulate::Fault, std::map<simulate::Became, std::size_t>>& struck) {
  Object out = Object::object();
  for (const auto& [fault, became] : struck)
    for (const auto& [how, count] : became)
      out[simulate::name_of(fault)][word_of(how)] = count;
  return out;
}

template <class T>
Object quantiles(const std::vector<T>& sorted, auto value) {
  if (sorted.empty())
    return nullptr;
  return {{"half", value(simulate::quantile(sorted, .5))},
          {"nine_of_ten", value(simulate::quantile(sorted, .9))},
          {"ninety_nine_of_hundred", value(simulate::quantile(sorted, .99))},
          {"most", value(sorted.back())}};
}

Object times(const std::vector<plan::Millis>& sorted) {
  return quantiles(sorted, [](plan::Millis one) { return one.count(); });
}

Object money_or_null(const std::optional<plan::Money>& money) {
  return money ? Object(money->micros) : Object(nullptr);
}

template <class Key>
Object moneys(const std::map<Key, plan::Money>& all) {
  Object out = Object::object();
  for (const auto& [key, money] : all) {
    if constexpr (std::is_same_v<Key, std::string>)
      out[key] = money.micros;
    else
      out[std::to_string(key + 1)] = money.micros;  // days, from 1
  }
  return out;
}

Object head(const Simulated& asked) {
  return {{"version", 1}, {"seed", asked.seed}, {"faults", asked.chances.faults}};
}

std::string dumped(Object out, const Simulated& asked, const std::vector<std::string>& broken) {
  out["broken"] = broken;
  out["left_out"] = asked.left_out;
  out["assumed"] = simulate::stated(asked.chances);
  return out.dump(1, ' ', false, Object::error_handler_t::replace) + "\n";
}

Object agents_object(const simulate::Days& days) {
  Object out = Object::object();
  for (const auto& [name, agent] : days.agents)
    out[name] = {{"sessions", agent.sessions},
                 {"worked_ms", agent.worked.count()},
                 {"overlapping_ms", agent.overlapping.count()},
                 {"spent_micros", agent.spent.micros},
                 {"tokens", agent.tokens},
                 {"by_day_micros", moneys(agent.by_day)}};
  return out;
}

Object duties_object(const simulate::Days& days) {
  Object out = Object::object();
  for (const auto& [name, duty] : days.duties)
    out[name] = {{"runs", duty.begun},
                 {"ends", duty.ends},
                 {"spent_micros", duty.spent.micros},
                 {"dearest_micros", duty.dearest.micros},
                 {"took_ms", times(duty.took)},
                 {"waited_ms", times(duty.waited)},
                 {"never_began", duty.left}};
  return out;
}

Object humans_object(const simulate::Days& days) {
  Object out = Object::object();
  for (const auto& [name, human] : days.humans)
    out[name] = {{"asked", human.asked},
                 {"unanswered", human.unanswered},
                 {"waited_ms", times(human.waited)}};
  return out;
}

Object saving_object(const simulate::Saving& saving) {
  return {{"heartbeat_ms", saving.against.heartbeat.count()},
          {"context_tokens", saving.against.context},
          {"price_micros", saving.against.price.micros},
          {"saved_micros", saving.idle.micros},
          {"share", saving.share}};
}

}  // namespace

std::string odds_json(const Simulated& asked, const plan::Plan& plan, const simulate::Odds& odds) {
  Object out = head(asked);
  out["fleet"] = plan.fleet;
  out["flow"] = plan.flow;
  out["runs"] = odds.took.size();
  out["ends"] = odds.ends;
  out["took_ms"] = times(odds.took);
  out["spent_micros"] = quantiles(odds.spent, [](plan::Money one) { return one.micros; });
  out["worst_micros"] = money_or_null(plan.worst.money);
  out["by_agent_micros"] = moneys(odds.by_agent);
  out["questions"] = odds.asked;
  out["struck"] = faults_object(odds.struck);
  return dumped(std::move(out), asked, broken_by(plan, odds));
}

std::string days_json(const Simulated& asked, const SimulatedFleet& fleet,
                      const simulate::Days& days) {
  Object out = head(asked);
  out["fleet"] = fleet.name;
  out["days"] = days.days;
  out["spent_micros"] = days.spent().micros;
  out["budget_micros"] = money_or_null(fleet.company.limits.day);
  out["by_day_micros"] = moneys(days.by_day);
  out["tasks"] = {
      {"arrived", days.arrived}, {"ended", days.finished}, {"with_human", days.with_human}};
  out["last_end_ms"] = days.ended;
  out["agents"] = agents_object(days);
  out["duties"] = duties_object(days);
  out["humans"] = humans_object(days);
  out["struck"] = faults_object(days.struck);
  const simulate::AlwaysOn usual;
  out["saving"] = saving_object(simulate::saving_of(days, fleet.agents, usual));
  for (const simulate::Saving& one : simulate::sensitivity_of(days, fleet.agents, usual))
    out["sensitivity"].push_back(saving_object(one));
  return dumped(std::move(out), asked, days.broken);
}

}  // namespace fleet::cli
