#include "engine/report/bill.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/unit/engine/report/told.h"

using namespace fleet;
using namespace fleet::report;
using namespace fleet::test;

namespace {

constexpr std::int64_t kDay = 24 * kHour;

void count_all(Bill& bill, const Told& told, std::int64_t at) {
  for (const run::Task& task : told.state.tasks)
    bill.count(told.plan, told.state, task, at);
}

Bill bill_of(const Told& told, By by) {
  Bill bill(by);
  bill.begin_run();
  count_all(bill, told, 0);
  return bill;
}

Share share(const Bill& bill, const std::string& of) {
  for (const Share& each : bill.shares())
    if (each.of == of)
      return each;
  return {};
}

}  // namespace

TEST_CASE("accepted is what passed, and neither a change that is asked for nor what was let pass") {
  Told told;
  told.built().outcome = run::Outcome::kSuccess;
  told.reviewed(told.first, run::Verdict::kChangesRequested, {}).outcome = run::Outcome::kSuccess;
  told.reviewed(told.second, run::Verdict::kApproved, {}).outcome = run::Outcome::kSuccess;
  CHECK(share(bill_of(told, By::kAgent), "backend").accepted == 1);
  CHECK(share(bill_of(told, By::kAgent), "review").accepted == 1);
  CHECK(share(bill_of(told, By::kAgent), "review").tasks == 2);
  told.state.tasks[0].outcome = run::Outcome::kEvidenceFailed;
  CHECK(share(bill_of(told, By::kAgent), "backend").accepted == 0);
}

TEST_CASE("each day has what was used in it, however often a task is looked at") {
  Told told;
  told.built().outcome = run::Outcome::kSuccess;
  run::Task& task = told.state.tasks[0];
  task.used = {plan::Money{2'000'000}, 100, 40, 10};
  Bill bill(By::kDay);
  bill.begin_run();
  task.phase = run::Phase::kRunning;
  count_all(bill, told, kDay - 1);
  count_all(bill, told, kDay - 1);
  CHECK(share(bill, "1970-01-01").used.money.micros == 2'000'000);
  task.phase = run::Phase::kDone;
  task.used.money.micros = 5'000'000;
  task.epoch = 2;
  count_all(bill, told, kDay);
  CHECK(share(bill, "1970-01-01").accepted == 0);
  CHECK(share(bill, "1970-01-02").accepted == 1);
  CHECK(share(bill, "1970-01-02").attempts == 1);
  CHECK(share(bill, "1970-01-02").used.money.micros == 3'000'000);
  // A human looked again, and it does not count any more.
  task.outcome = run::Outcome::kEvidenceFailed;
  count_all(bill, told, 2 * kDay);
  CHECK(share(bill, "1970-01-03").accepted == -1);
  const Share all = bill.all();
  CHECK(all.tasks == 1);
  CHECK(all.attempts == 2);
  CHECK(all.accepted == 0);
  CHECK(all.used.money.micros == 5'000'000);
}

TEST_CASE("a second run begins at nothing") {
  Told told;
  told.built().outcome = run::Outcome::kSuccess;
  Bill bill(By::kRun);
  for (const char* run : {"one", "two"}) {
    told.state.run = run;
    bill.begin_run();
    count_all(bill, told, 0);
  }
  CHECK(share(bill, "one").work.count() == 90'000);
  CHECK(share(bill, "two").work.count() == 90'000);
  CHECK(bill.all().tasks == 2);
}

TEST_CASE("what nobody told is no figure, and what agents wrote is printable") {
  Told told;
  told.built();
  const auto json = nlohmann::json::parse(bill_json(bill_of(told, By::kTask), "r"));
  CHECK(json["tasks"][0]["money"].is_null());
  CHECK(json["all"]["money"].is_null());
  CHECK(json["run"] == "r");
  CHECK(bill_text(bill_of(told, By::kTask), "t").find("money: none reported") != std::string::npos);
  told.plan.agents[0].name = "a\x1b[2Jb";
  CHECK(bill_text(bill_of(told, By::kAgent), "t").find('\x1b') == std::string::npos);
}
