// F501 against brute force: every attempt at every item in every round is paid for one by one, and
// the budget that just covers it is enough, and a cent less is not.
#include <rapidcheck.h>

#include <algorithm>
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

// A fleet of up to three agents, with loops up to two deep.
class RandomFleet {
 public:
  explicit RandomFleet(std::uint32_t seed) : random_(seed) {
    for (int i = 0; i < kAgents; ++i)
      price_.push_back(1 + below(400));
    steps_ = steps(2);
    runs_ = 1 + below(4);
    for (int i = below(3); i > 0; --i)
      standing_.push_back(1 + below(900));
    for (int i = below(3); i > 0; --i)
      scheduled_.emplace_back(below(kAgents), std::vector{6, 8, 12, 24}[std::size_t(below(4))]);
  }

  // One attempt after the other, as an unlucky run would pay for them.
  Cents run() const {
    Cents paid = 0;
    for (const Step& step : steps_)
      pay(step, paid);
    return paid;
  }

  Cents day() const {
    Cents paid = 0;
    for (int i = 0; i < runs_; ++i)
      paid += run();
    for (const Cents price : standing_)
      paid += price;
    for (const auto& [agent, hours] : scheduled_) {
      for (int hour = 0; hour < 24; hour += hours)
        paid += price_[std::size_t(agent)];
    }
    return paid;
  }

  std::string text(Cents budget, bool by_day) const {
    std::string out =
        "fleet t v1 {\n  repo = git(\".\", base: main)\n  budget = " + dollars(budget) +
        (by_day ? "/day\n  load = " + std::to_string(runs_) + " main/day\n" : "/run\n");
    out += "  defaults { runtime = shell(\"true\") }\n";
    for (int i = 0; i < kAgents; ++i) {
      out += "  role a" + std::to_string(i) + " { budget = " + dollars(price_[std::size_t(i)]) +
             "/task }\n  role r" + std::to_string(i) +
             " { returns = verdict; budget = " + dollars(price_[std::size_t(i)]) + "/task }\n";
    }
    int number = 0;
    for (const Cents price : standing_) {
      out += "  agent s" + std::to_string(number++) +
             " : a0 { dispatch = always; budget = " + dollars(price) + "/day }\n";
    }
    for (const auto& [agent, hours] : scheduled_) {
      out += "  agent s" + std::to_string(number++) + " : a" + std::to_string(agent) +
             " { dispatch = every " + std::to_string(hours) + "h }\n";
    }
    out += "  flow main {\n";
    number = 0;
    for (const Step& step : steps_)
      write(step, out, number);
    return out + "  }\n}\n";
  }

 private:
  static constexpr int kAgents = 3;

  int below(int n) { return static_cast<int>(random_() % static_cast<unsigned>(n)); }

  std::vector<Step> steps(int depth) {
    std::vector<Step> made;
    for (int i = 1 + below(3); i > 0; --i) {
      Step step;
      const int kind = below(depth > 0 ? 5 : 3);
      step.kind = kind >= 3 ? Step::Kind::kLoop : static_cast<Step::Kind>(kind);
      step.agent = below(kAgents);
      step.other = below(kAgents);
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

  void attempts(int agent, int retries, Cents& paid) const {
    for (int attempt = 0; attempt <= retries; ++attempt)
      paid += price_[std::size_t(agent)];
  }

  void pay(const Step& step, Cents& paid) const {
    switch (step.kind) {
      case Step::Kind::kTask: attempts(step.agent, step.retries, paid); break;
      case Step::Kind::kFanout:
        for (int item = 0; item < step.items; ++item)
          attempts(step.agent, step.retries, paid);
        break;
      case Step::Kind::kJoint:
        attempts(step.agent, step.retries, paid);
        attempts(step.other, step.retries, paid);
        break;
      case Step::Kind::kLoop:
        attempts(step.agent, 0, paid);  // the verdict before the loop
        for (int round = 0; round < step.rounds; ++round) {
          for (const Step& one : step.body)
            pay(one, paid);
          attempts(step.agent, 0, paid);
        }
        break;
    }
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
        out += "    v" + name + " = r" + agent + "(\"x\")\n    l" + name + " = loop until v" +
               name + ".approved max " + std::to_string(step.rounds) + " {\n";
        for (const Step& one : step.body)
          write(one, out, number);
        out += "    v" + name + " = r" + agent + "(\"y\")\n    }\n";
        break;
    }
  }

  std::mt19937 random_;
  std::vector<Cents> price_;
  std::vector<Step> steps_;
  int runs_ = 1;
  std::vector<Cents> standing_;
  std::vector<std::pair<int, int>> scheduled_;  // agent, hours
};

// "F501" where the budget is too small; all codes that are raised otherwise.
std::string codes_of(const std::string& text, std::string& shown) {
  testing::MemoryReader files({{"f.fleet", text}});
  const Compilation result = compile("f.fleet", files, {});
  shown = render_text(result.diagnostics, *result.sources);
  std::string codes;
  for (const Diagnostic& one : result.diagnostics) {
    if (one.severity == Severity::kError)
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
