// F501 against brute force: every attempt at every item in every round is paid for one by one, and
// the budget that just covers it is enough, and a cent less is not.
#include <rapidcheck.h>

#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <catch2/catch.hpp>

#include "dsl/base/render.h"
#include "dsl/driver/compile.h"
#include "tests/support/memory_reader.h"

namespace fleet {
namespace {

using Cents = std::int64_t;

std::string dollars(Cents cents) {
  const std::string rest = std::to_string(cents % 100);
  return "$" + std::to_string(cents / 100) + "." + (rest.size() < 2 ? "0" : "") + rest;
}

struct Step {
  enum class Kind { kTask, kFanout, kJoint, kLoop };
  Kind kind = Kind::kTask;
  int agent = 0;
  int other = 0;    // kJoint: the second agent
  int retries = 0;  // 0: not said
  int items = 1;    // kFanout
  bool listed = false;
  int rounds = 1;  // kLoop
  std::vector<Step> body;
};

struct RandomFlow {
  std::vector<Step> steps;
  int load = 0;  // 0: not said
};

// Works by the clock, and what it writes opens a pull request each time.
struct Scheduled {
  int agent = 0;  // whose price it has
  int hours = 24;
  bool writes = false;
};

// What starts the second flow.
enum class Starts { kByHand, kTasks, kRequests };

// Each payment as dear as it may be.
struct Ledger {
  Cents paid = 0;
  std::vector<Cents> left;  // of what an agent's day allows; by agent
};

// A fleet of two flows with loops up to two deep. There are five agents that work, and five that
// judge; of either the first three have `$X/task`, the others `$X/day`.
class RandomFleet {
 public:
  explicit RandomFleet(std::uint32_t seed) : random_(seed) {
    for (int i = 0; i < 2 * kAgents; ++i)
      price_.push_back(1 + below(400));
    used_ = below(4) == 0 ? kByTask : kAgents;
    flows_[0] = {steps(2), 1 + below(4)};
    flows_[1] = {steps(1), below(3)};
    starts_ = static_cast<Starts>(below(3));
    for (int i = below(3); i > 0; --i)
      standing_.push_back(1 + below(900));
    for (int i = below(3); i > 0; --i) {
      scheduled_.push_back(
          {below(kByTask), std::vector{6, 8, 12, 24}[std::size_t(below(4))], below(2) == 0});
    }
    if (starts_ != Starts::kRequests && below(2) == 0)
      woken_ = below(kAgents);
    swapped_ = below(2) == 0;
  }

  // What the dearest of the flows costs once. Nothing says how many days a run takes, so that
  // agents with `$X/day` are left out.
  Cents run() const {
    Cents most = 0;
    for (const RandomFlow& flow : flows_) {
      Ledger ledger{0, std::vector<Cents>(price_.size(), 0)};
      pay(flow.steps, ledger);
      most = std::max(most, ledger.paid);
    }
    return most;
  }

  // The dearest of the day as it is said, and of a day with one run of a flow that nothing counts.
  Cents day() const {
    Ledger ledger{0, price_};
    pay_others(ledger);
    Cents most = 0;
    for (int flow = 0; flow < 2; ++flow) {
      for (int i = runs(flow); i > 0; --i)
        pay(flows_[std::size_t(flow)].steps, ledger);
      Ledger alone{0, price_};
      pay(flows_[std::size_t(flow)].steps, alone);
      if (runs(flow) == 0)
        most = std::max(most, alone.paid);
    }
    return std::max(most, ledger.paid);
  }

  std::string text(Cents budget, bool by_day) const {
    const bool counted = starts_ == Starts::kByHand || runs(1) > 0;
    std::string out =
        "fleet t v1 {\n  repo = git(\".\", base: main)\n  budget = " + dollars(budget) +
        (by_day ? "/day" : "/run") + (counted ? " hard" : "") + "\n  load = " + loads() +
        "\n  defaults { runtime = shell(\"true\") }\n" +
        "  role worker {}\n  role judge { returns = verdict }\n";
    for (int i = 0; i < kAgents; ++i) {
      const char* const per = i < kByTask ? "/task" : "/day";
      out += "  agent a" + std::to_string(i) + " : worker { budget = " + dollars(price(i)) + per +
             " }\n  agent r" + std::to_string(i) +
             " : judge { budget = " + dollars(price(kAgents + i)) + per +
             (i == woken_ ? "; dispatch = on pr.opened }\n" : " }\n");
    }
    write_others(out);
    int number = 0;
    write_flow(0, "main", out, number);
    write_flow(1, "second" + trigger(), out, number);
    return out + "}\n";
  }

 private:
  static constexpr int kByTask = 3;
  static constexpr int kAgents = 5;

  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }
  Cents price(int agent) const { return price_[std::size_t(agent)]; }

  std::vector<Step> steps(int depth) {
    std::vector<Step> made;
    for (int i = 1 + below(3); i > 0; --i) {
      Step step;
      const int kind = below(depth > 0 ? 5 : 3);
      step.kind = kind >= 3 ? Step::Kind::kLoop : static_cast<Step::Kind>(kind);
      step.agent = below(used_);
      step.other = below(used_);
      step.retries = below(3);
      step.items = 1 + below(4);
      step.listed = below(2) == 0;
      step.rounds = 1 + below(3);
      if (step.kind == Step::Kind::kLoop)
        step.body = steps(depth - 1);
      made.push_back(std::move(step));
    }
    return made;
  }

  // Pull requests that agents open outside of runs.
  int opened() const {
    int opened = 0;
    for (const Scheduled& one : scheduled_)
      opened += one.writes ? 24 / one.hours : 0;
    return opened;
  }

  int runs(int flow) const {
    const bool on_requests = flow == 1 && starts_ == Starts::kRequests;
    return std::max(flows_[std::size_t(flow)].load, on_requests ? opened() : 0);
  }

  void call(int agent, Ledger& ledger) const {
    const bool by_task = agent % kAgents < kByTask;
    Cents& left = ledger.left[std::size_t(agent)];
    ledger.paid += by_task ? price(agent) : left;
    if (!by_task)
      left = 0;
  }

  void attempts(int agent, int retries, Ledger& ledger) const {
    for (int attempt = 0; attempt <= retries; ++attempt)
      call(agent, ledger);
  }

  void pay(const std::vector<Step>& steps, Ledger& ledger) const {
    for (const Step& step : steps)
      pay(step, ledger);
  }

  void pay(const Step& step, Ledger& ledger) const {
    switch (step.kind) {
      case Step::Kind::kTask: attempts(step.agent, step.retries, ledger); break;
      case Step::Kind::kFanout:
        for (int item = 0; item < step.items; ++item)
          attempts(step.agent, step.retries, ledger);
        break;
      case Step::Kind::kJoint:
        attempts(step.agent, step.retries, ledger);
        attempts(step.other, step.retries, ledger);
        break;
      case Step::Kind::kLoop:
        call(kAgents + step.agent, ledger);  // the verdict before the loop
        for (int round = 0; round < step.rounds; ++round) {
          pay(step.body, ledger);
          call(kAgents + step.agent, ledger);
        }
        break;
    }
  }

  void pay_others(Ledger& ledger) const {
    for (const Cents price : standing_)
      ledger.paid += price;
    for (const Scheduled& one : scheduled_) {
      for (int hour = 0; hour < 24; hour += one.hours)
        ledger.paid += price(one.agent);
    }
    for (int i = 0; i < opened() && woken_ >= 0; ++i)
      call(kAgents + woken_, ledger);
  }

  std::string loads() const {
    const std::string first = std::to_string(flows_[0].load) + " main/day";
    const std::string second = std::to_string(flows_[1].load) + " second/day";
    if (flows_[1].load == 0)
      return swapped_ ? first : "[" + first + "]";
    return swapped_ ? "[" + second + ", " + first + "]" : "[" + first + ", " + second + "]";
  }

  std::string trigger() const {
    switch (starts_) {
      case Starts::kByHand: return "";
      case Starts::kTasks: return " on task.second";
      case Starts::kRequests: return " on pr.opened";
    }
    return "";
  }

  void write_others(std::string& out) const {
    int number = 0;
    for (const Cents price : standing_) {
      out += "  agent s" + std::to_string(number++) +
             " : worker { dispatch = always; budget = " + dollars(price) + "/day }\n";
    }
    for (const Scheduled& one : scheduled_) {
      const std::string name = "s" + std::to_string(number++);
      out += "  agent " + name + " : worker { dispatch = every " + std::to_string(one.hours) +
             "h; budget = " + dollars(price(one.agent)) + "/task";
      if (one.writes)
        out += "; writes = worktree(\"" + name + "/{task}\"); accept = [\"true\" passes]";
      out += " }\n";
    }
  }

  void write_flow(int flow, const std::string& head, std::string& out, int& number) const {
    out += "  flow " + head + " {\n";
    for (const Step& step : flows_[std::size_t(flow)].steps)
      write(step, out, number);
    out += "  }\n";
  }

  static void write(const Step& step, std::string& out, int& number) {
    const std::string name = std::to_string(number++);
    const std::string agent = std::to_string(step.agent);
    const std::string retry = step.retries == 0 ? "" : " retry " + std::to_string(step.retries);
    switch (step.kind) {
      case Step::Kind::kTask:
        out += "    t" + name + " = a" + agent + "(\"x\")" + retry + "\n";
        break;
      case Step::Kind::kFanout: {
        std::string source = "files(\"*.txt\")";
        if (step.listed)
          source = "1.." + std::to_string(step.items);
        out += "    t" + name + " = fanout i in " + source + " to a" + agent + " force inline" +
               (step.listed ? "" : " limit " + std::to_string(step.items)) + retry + "\n";
        break;
      }
      case Step::Kind::kJoint:
        out += "    t" + name + " = all(a" + agent + "(\"x\"), a" + std::to_string(step.other) +
               "(\"y\"))" + retry + "\n";
        break;
      case Step::Kind::kLoop:
        out += "    w" + name + " = r" + agent + "(\"x\")\n    l" + name + " = loop until w" +
               name + ".approved max " + std::to_string(step.rounds) + " {\n";
        for (const Step& one : step.body)
          write(one, out, number);
        out += "    w" + name + " = r" + agent + "(\"y\")\n    }\n";
        break;
    }
  }

  std::mt19937 random_;
  std::vector<Cents> price_;  // of those that work, then of those that judge
  int used_ = kAgents;        // so many of either are called
  std::array<RandomFlow, 2> flows_;
  Starts starts_ = Starts::kByHand;
  std::vector<Cents> standing_;
  std::vector<Scheduled> scheduled_;
  int woken_ = -1;        // which judge pull requests wake; negative: none
  bool swapped_ = false;  // how `load` is written
};

// "F501" where the budget is too small; all codes that are raised otherwise.
std::string codes_of(const std::string& text, std::string& shown) {
  testing::MemoryReader files({{"f.fleet", text}});
  const Compilation result = compile("f.fleet", files, {});
  shown = render_text(result.diagnostics, *result.sources);
  std::string codes;
  for (const Diagnostic& one : result.diagnostics) {
    if (one.severity == Severity::kError && codes.find(one.code) == std::string::npos)
      codes += one.code;
  }
  return codes;
}

}  // namespace

TEST_CASE("a budget is enough exactly when it covers every attempt of the unluckiest run") {
  CHECK(rc::check([](std::uint32_t seed) {
    const RandomFleet fleet(seed);
    const bool by_day = seed % 2 == 0;
    const Cents worst = by_day ? fleet.day() : fleet.run();
    for (const Cents less : {Cents{0}, Cents{1}}) {
      if (worst - less <= 0)
        continue;
      std::string shown;
      const std::string text = fleet.text(worst - less, by_day);
      const std::string codes = codes_of(text, shown);
      if (codes != (less == 0 ? "" : "F501"))
        RC_FAIL("with " + dollars(worst - less) + " of " + dollars(worst) + ":\n" + shown + text);
    }
  }));
}

}  // namespace fleet
