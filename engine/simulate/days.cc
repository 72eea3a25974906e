#include "engine/simulate/days.h"

#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "dsl/plan/render.h"
#include "engine/report/words.h"
#include "engine/simulate/agenda.h"

namespace fleet::simulate {

using std::chrono::milliseconds;

namespace {

constexpr std::int64_t kDay = 24LL * 3'600'000;
constexpr std::int64_t kFirstDay =
    21'915 * kDay;  // 2030-01-01, so that {date} is the same each time
// What has not ended so long after the last day never will.
constexpr std::int64_t kPatience = 3'650 * kDay;

resident::Ended ended_of(const ChanceRun& run) {
  if (!run.outcome)
    return resident::Ended::kStopped;
  return *run.outcome == run::RunOutcome::kDone     ? resident::Ended::kDone
         : *run.outcome == run::RunOutcome::kFailed ? resident::Ended::kFailed
                                                    : resident::Ended::kStopped;
}

class Loop {
 public:
  Loop(const Company& company, const Chances& chances, std::uint64_t seed, std::uint32_t days)
      : company_(company),
        chances_(chances),
        dice_(seed),
        agenda_(os::WallTime(milliseconds(kFirstDay))),
        rota_(company.duties, company.limits) {
    out_.days = days;
    for (const resident::Duty& duty : company.duties)
      out_.duties[duty.name];
  }

  Result<Days> take() {
    plan_arrivals();
    agenda_.in(milliseconds(out_.days * kDay), [this] { close(); });
    do {
      FLEET_CHECK(begin_due());
    } while (elapsed() <= out_.days * kDay + kPatience && agenda_.advance());
    settle();
    return std::move(out_);
  }

 private:
  struct Task {
    bool begun = false, ended = false, with_human = false;
  };

  std::int64_t now() const { return kFirstDay + agenda_.now().count(); }
  std::int64_t elapsed() const { return agenda_.now().count(); }
  void at(std::int64_t when, Agenda::What what) {
    agenda_.in(milliseconds(std::max<std::int64_t>(when - now(), 0)), std::move(what));
  }

  void plan_arrivals() {
    Dice dice = dice_.part(0);
    std::uint64_t number = 0;
    for (const plan::Load& load : company_.load)
      for (std::uint32_t day = 0; day < out_.days; ++day)
        for (std::uint32_t i = 0; i < load.runs; ++i) {
          const auto within = static_cast<std::int64_t>(dice.below(kDay));
          at(kFirstDay + day * kDay + within,
             [this, flow = load.flow, id = ++number] { arrive(flow, id); });
        }
  }

  void arrive(const std::string& flow, std::uint64_t number) {
    resident::Wake wake;
    wake.id = fmt::format("task:{}", number);
    wake.text = fmt::format("task {} of the simulation", number);
    wake.only = flow;
    wake.at = now();
    ++out_.arrived;
    tasks_[wake.id] = {};
    rota_.woke(wake);
  }

  // The last day is over: only what was asked for goes on.
  void close() {
    std::vector<resident::Duty> left = company_.duties;
    std::erase_if(left, [](const resident::Duty& duty) { return duty.how != plan::Dispatch::kOn; });
    rota_.replace(std::move(left), company_.limits);
  }

  Status begin_due() {
    for (const resident::Start& start : rota_.take(now()))
      FLEET_CHECK(begin(start));
    const auto next = rota_.next(now());
    // One alarm is enough; an earlier one makes the later ones harmless.
    if (next && (!alarm_ || *next < *alarm_)) {
      alarm_ = *next;
      at(*next, [this, when = *next] {
        if (alarm_ == when)
          alarm_.reset();
      });
    }
    return Status();
  }

  Status begin(const resident::Start& start) {
    FLEET_TRY(const plan::Plan plan, company_.plan(start));
    const std::uint64_t number = ++runs_;
    const ChanceRun run =
        run_by_chance(plan, chances_, now(), fmt::format("sim{}", number), dice_.part(number));
    DutyDays& duty = out_.duties[start.duty];
    ++duty.begun;
    ++duty.ends[run.end];
    if (const std::int64_t waited = now() - start.wake.at; start.wake.at > 0)
      duty.waited.push_back(plan::Millis(waited));
    add_up(run);
    const plan::Money money = run.money();
    duty.spent.micros += money.micros;
    duty.dearest = std::max(duty.dearest, money);
    const std::optional<plan::Money> most = start.most ? start.most : plan.worst.money;
    if (most && money > *most)
      out_.broken.push_back(fmt::format("a run of {} cost {}, and it may cost {} at most",
                                        start.duty, plan::to_string(money),
                                        plan::to_string(*most)));
    for (const resident::Wake& wake : run.wakes)
      at(wake.at, [this, wake] { rota_.woke(wake); });
    for (const std::int64_t news : run.news)
      at(news, [this, except = start.duty] { rota_.news(except, now()); });
    if (const auto task = tasks_.find(start.wake.id); task != tasks_.end())
      task->second = {true, run.outcome.has_value(), !run.outcome && run.has_path};
    if (!run.outcome) {
      if (!run.has_path)
        out_.broken.push_back(
            fmt::format("a run of {} never ends, and nobody is asked: {}", start.duty, run.end));
      return Status();
    }
    duty.took.push_back(run.took());
    at(run.ended, [this, cause = start.cause, how = ended_of(run), money] {
      rota_.ended(cause, how, money, now());
      out_.ended = elapsed();
    });
    return Status();
  }

  void add_up(const ChanceRun& run) {
    for (const Stretch& stretch : run.stretches) {
      AgentDays& agent = out_.agents[stretch.agent];
      ++agent.sessions;
      agent.worked += plan::Millis(stretch.end - stretch.begin);
      stretches_[stretch.agent].push_back({stretch.begin, stretch.end, runs_});
    }
    for (const Spent& one : run.spent) {
      AgentDays& agent = out_.agents[one.agent];
      const std::int64_t day = (one.at - kFirstDay) / kDay;
      agent.spent.micros += one.money.micros;
      agent.tokens += one.tokens;
      agent.by_day[day].micros += one.money.micros;
      out_.by_day[day].micros += one.money.micros;
    }
    for (const Question& question : run.questions) {
      HumanDays& human = out_.humans[question.human];
      ++human.asked;
      if (question.closed)
        human.waited.push_back(plan::Millis(*question.closed - question.opened));
      else
        ++human.unanswered;
    }
    for (const StruckBy& one : run.struck)
      ++out_.struck[one.fault][one.became];
  }

  // Once nothing happens any more: what was promised, against what was.
  void settle() {
    for (auto& [name, duty] : out_.duties) {
      std::ranges::sort(duty.took);
      std::ranges::sort(duty.waited);
    }
    for (auto& [name, human] : out_.humans)
      std::ranges::sort(human.waited);
    for (auto& [name, stretches] : stretches_)
      out_.agents[name].overlapping = overlap(stretches);
    check_tasks();
    check_budgets();
    for (const resident::Rota::Standing& one : rota_.standing(now())) {
      out_.duties[one.duty].left = one.waiting;
      if (one.waiting > 0)
        out_.broken.push_back(fmt::format("{} of {} never began: {}",
                                          report::counted(one.waiting, "run"), one.duty,
                                          one.why.empty() ? "nobody knows why" : one.why));
    }
  }

  void check_tasks() {
    for (const auto& [id, task] : tasks_) {
      out_.finished += task.ended ? 1 : 0;
      out_.with_human += task.with_human ? 1 : 0;
      if (!task.begun)
        out_.broken.push_back(fmt::format("{} arrived and never began", id));
    }
  }

  void check_budgets() {
    const auto over = [this](const std::string& whose, std::int64_t day, plan::Money spent,
                             plan::Money most) {
      if (spent > most)
        out_.broken.push_back(fmt::format("{} spent {} on day {}, and the budget is {}", whose,
                                          plan::to_string(spent), day + 1, plan::to_string(most)));
    };
    for (const auto& [day, spent] : out_.by_day)
      if (company_.limits.day)
        over("the fleet", day, spent, *company_.limits.day);
    for (const resident::Duty& duty : company_.duties)
      if (duty.day_budget && !duty.is_flow)
        for (const auto& [day, spent] : out_.agents[duty.name].by_day)
          over(duty.name, day, spent, *duty.day_budget);
  }

  struct Busy {
    std::int64_t begin, end;
    std::uint64_t run;
  };

  // How long it worked in one run while it already did in an earlier one.
  static plan::Millis overlap(std::vector<Busy>& all) {
    std::ranges::sort(all, {}, [](const Busy& one) { return std::pair(one.begin, one.run); });
    std::int64_t sum = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
      std::int64_t covered = 0;
      for (std::size_t j = i; j-- > 0 && all[i].begin - all[j].begin < kDay;)
        if (all[j].run != all[i].run)
          covered = std::max(covered, std::min(all[i].end, all[j].end) - all[i].begin);
      sum += covered;
    }
    return plan::Millis(sum);
  }

  const Company& company_;
  const Chances& chances_;
  const Dice dice_;
  Agenda agenda_;
  resident::Rota rota_;
  Days out_;
  std::uint64_t runs_ = 0;
  std::optional<std::int64_t> alarm_;
  std::map<std::string, Task> tasks_;
  std::map<std::string, std::vector<Busy>> stretches_;
};

}  // namespace

plan::Money Days::spent() const {
  plan::Money sum;
  for (const auto& [day, money] : by_day)
    sum.micros += money.micros;
  return sum;
}

std::size_t Days::runs() const {
  std::size_t sum = 0;
  for (const auto& [name, duty] : duties)
    sum += duty.begun;
  return sum;
}

Result<Days> simulate_days(const Company& company, const Chances& chances, std::uint64_t seed,
                           std::uint32_t days) {
  return Loop(company, chances, seed, days).take();
}

}  // namespace fleet::simulate
