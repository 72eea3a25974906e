#include "engine/flow/gates.h"

#include <atomic>
#include <condition_variable>

#include <catch2/catch.hpp>

#include "engine/os/files.h"
#include "tests/support/plan_builder.h"
#include "tests/support/scratch_dir.h"

namespace fleet::flow {
namespace {

// Knows what it was given; a test says how it ended.
class Listing final : public process::Launcher {
 public:
  Status submit(std::vector<process::JobSpec> some) override {
    for (process::JobSpec& job : some)
      jobs.push_back(std::move(job));
    return {};
  }
  Status cancel(const process::JobKey&, std::chrono::milliseconds) override { return {}; }
  Status set_jobs(std::uint32_t) override { return {}; }
  Status expect(std::vector<process::JobKey>) override { return {}; }
  Status release(std::string_view) override { return {}; }
  Result<std::vector<process::JobStatus>> list() override {
    return std::vector<process::JobStatus>{};
  }
  Status watch(std::uint64_t, process::ReportSink) override { return {}; }
  const process::Capabilities& capabilities() const override { return capabilities_; }
  int fd() const override { return -1; }
  Status dispatch() override { return {}; }

  std::vector<process::JobSpec> jobs;

 private:
  process::Capabilities capabilities_;
};

plan::Plan asking_plan() {
  test::PlanBuilder make;
  const plan::NodeIndex ask = make.run("ask");
  make[ask].kind = plan::NodeKind::kHuman;
  make[ask].command.reset();
  make[ask].human = "ann";
  make.plan.humans.push_back({"ann", std::nullopt, std::nullopt, ""});
  return std::move(make.plan);
}

struct Gated {
  fleet::testing::ScratchDir dir;
  plan::Plan plan = asking_plan();
  Site site;
  Listing launcher;
  JobBoard board{launcher};
  std::unique_ptr<Gates> gates;
  OpenGateOrder order;

  std::mutex mutex;
  std::condition_variable wake;
  std::vector<run::GateAnswered> answers;

  Gated() {
    order.task.attempt = {{0}, 1};
    order.human = "ann";
    order.reason = "look";
    site.run = "20261121-163355-3d8a";
    site.state_dir = dir.path();
    site.common_dir = dir.path();
    REQUIRE(os::system_files().make_dirs(site.run_dir() + "/logs"));
  }
  void start() {
    gates.reset();
    auto started = Gates::start(plan, site, board);
    REQUIRE(started);
    gates = *std::move(started);
  }
  void open() {
    gates->open(order, 0, [this](run::EventBody body) {
      const std::lock_guard lock(mutex);
      answers.push_back(std::get<run::GateAnswered>(body));
      wake.notify_all();
    });
  }
  decide::Decision decision() const {
    return {{site.run, 0, 1}, plan.hash, decide::Answer::kApprove, "ann", "ann", "box", 7, "", 1,
            "fine",           ""};
  }
  void leave(const decide::Decision& left) const {
    REQUIRE(decide::DecisionBox::open(site.state_dir)->deliver(left));
  }
  std::size_t kept(const std::string& what) const {
    std::size_t count = 0;
    const auto entries = os::system_files().list(dir / "decisions/done");
    for (const os::DirEntry& entry : *entries)
      count += entry.name.find(what) != std::string::npos ? 1 : 0;
    return count;
  }
  bool answered() {
    std::unique_lock lock(mutex);
    return wake.wait_for(lock, std::chrono::minutes(1), [this] { return !answers.empty(); });
  }
  void end_notify(int code) {
    process::JobReport report;
    report.key = launcher.jobs.at(0).key;
    report.kind = process::ReportKind::kEnded;
    report.how = process::End::kExited;
    report.code = code;
    board.take({report});
  }
  static plan::Command command(const std::string& word) { return {{{{false, word}}}, word}; }
  // Nothing goes on but the wait for this gate.
  run::State waiting() const {
    run::State state;
    state.opened = true;
    state.parked = 1;
    state.nodes.resize(1);
    run::Task& task = state.tasks.emplace_back();
    task.phase = run::Phase::kParked;
    task.epoch = 1;
    task.gate = run::Gate{};
    task.gate->epoch = 1;
    return state;
  }
};

}  // namespace

TEST_CASE("a decision that was left before the gate opened answers it") {
  Gated g;
  g.start();
  g.leave(g.decision());
  g.open();
  REQUIRE(g.answers.size() == 1);
  CHECK(g.answers[0] == run::GateAnswered{{{0}, 1},
                                          run::Decision::kApprove,
                                          "ann",
                                          "ann@box, pid 7, no terminal; key: no",
                                          "fine",
                                          1});
}

TEST_CASE("a decision that comes while the gate is open answers it once, and again after a crash") {
  Gated g;
  g.start();
  g.open();
  CHECK(g.answers.empty());
  g.leave(g.decision());
  CHECK(g.answered());
  // A second file changes nothing.
  (void)decide::DecisionBox::open(g.site.state_dir)->deliver(g.decision());
  g.start();  // joins the watch
  CHECK(g.answers.size() == 1);
  g.open();
  CHECK(g.answers.size() == 2);
}

TEST_CASE("a decision on a gate that closed meanwhile is set aside") {
  Gated g;
  g.start();
  g.open();
  g.gates->close({g.order.task.attempt, "its time is up"});
  g.leave(g.decision());
  g.gates->close({g.order.task.attempt, "its time is up"});
  CHECK(g.kept(".late.") == 1);
  CHECK(g.answers.empty());
}

TEST_CASE(
    "a decision about another plan, or without the signature that is wanted, does not count") {
  Gated g;
  decide::Decision left = g.decision();
  SECTION("another plan") {
    left.plan = "another";
  }
  SECTION("not signed") {
    g.plan.humans[0].key = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
  }
  g.start();
  g.leave(left);
  g.open();
  CHECK(g.answers.empty());
  CHECK(g.kept(".refused.") == 1);
}

TEST_CASE("a retry answers the gate of a merge alone") {
  for (const bool merge : {false, true}) {
    Gated g;
    decide::Decision left = g.decision();
    left.answer = decide::Answer::kRetry;
    if (merge)
      g.plan.nodes[0].kind = plan::NodeKind::kMerge;
    g.start();
    g.leave(left);
    g.open();
    CHECK(g.kept(".refused.") == (merge ? 0 : 1));
    REQUIRE(g.answers.size() == (merge ? 1 : 0));
    if (merge)
      CHECK(g.answers[0].decision == run::Decision::kRetry);
  }
}

TEST_CASE("a human is told once for each opening, with what to do, and a failure is kept") {
  Gated g;
  g.plan.humans[0].notify = Gated::command("mail");
  g.site.environment = {{"PATH", "/bin"}};
  g.start();
  g.open();
  REQUIRE(g.launcher.jobs.size() == 1);
  const process::JobSpec& job = g.launcher.jobs[0];
  CHECK(job.argv == std::vector<std::string>{"mail"});
  CHECK(job.key == process::JobKey{g.site.run, 0, 1, kNotifyPart});
  CHECK_FALSE(job.sandbox);
  CHECK(std::count(job.env.begin(), job.env.end(), "FLEET_GATE_ID=3d8a.0") == 1);
  CHECK(std::count(job.env.begin(), job.env.end(), "PATH=/bin") == 1);
  g.end_notify(3);
  const auto trouble =
      os::system_files().read_file(notify_failure_path(g.site.run_dir(), {{0}, 1}), 100);
  CHECK(*trouble == "exit 3\n");

  // The keeper made the log when it started the job.
  REQUIRE(os::system_files().write_atomic(job.output.string(), ""));
  g.start();
  g.open();
  CHECK(g.launcher.jobs.size() == 1);
}

TEST_CASE("a human whose decision is there already is not told") {
  Gated g;
  g.plan.humans[0].notify = Gated::command("mail");
  g.start();
  g.leave(g.decision());
  g.open();
  CHECK(g.launcher.jobs.empty());
}

TEST_CASE("a run that does not wait asks to stop once all gates are open, told and unanswered") {
  Gated g;
  g.plan.humans[0].notify = Gated::command("mail");
  g.start();
  int asked = 0;
  g.gates->when_only_waiting([&] { ++asked; });
  g.gates->saw(g.waiting());
  CHECK(asked == 0);  // nobody has looked into the box yet
  g.open();
  CHECK(asked == 0);  // ann is being told
  g.end_notify(0);
  CHECK(asked == 1);
  g.gates->saw(g.waiting());
  CHECK(asked == 1);
}

TEST_CASE("a run that does not wait goes on with a decision that is there") {
  Gated g;
  g.start();
  int asked = 0;
  g.gates->when_only_waiting([&] { ++asked; });
  g.leave(g.decision());
  g.gates->saw(g.waiting());
  g.open();
  CHECK(asked == 0);
  CHECK(g.answers.size() == 1);
}

TEST_CASE("a run that does not wait goes on while something else does") {
  Gated g;
  g.start();
  int asked = 0;
  g.gates->when_only_waiting([&] { ++asked; });
  g.open();
  run::State busy = g.waiting();
  busy.in_flight = 1;
  g.gates->saw(busy);
  CHECK(asked == 0);
  g.gates->saw(g.waiting());
  CHECK(asked == 1);
}

TEST_CASE("an answer may bring the core back into the gates at once") {
  Gated g;
  g.start();
  g.leave(g.decision());
  g.gates->open(g.order, 0, [&](run::EventBody body) {
    g.answers.push_back(std::get<run::GateAnswered>(body));
    g.gates->saw(run::State{});
    g.gates->close({g.order.task.attempt, "approved by ann"});
  });
  CHECK(g.answers.size() == 1);
  CHECK(g.kept(".late.") == 0);
}

TEST_CASE("a plan whose decisions a session could forge is refused") {
  plan::Plan plan = asking_plan();
  CHECK(may_ask(plan));
  CHECK(check_humans(plan));
  plan.nodes.push_back(plan.nodes[0]);
  plan.nodes[1].kind = plan::NodeKind::kRun;
  plan.nodes[1].name = "loose";
  plan.nodes[1].sandboxed = false;
  const Status refused = check_humans(plan);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().message().find("`loose`") != std::string::npos);
  CHECK(refused.error().message().find("`ann`") != std::string::npos);
  plan.humans[0].key = "MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=";
  CHECK(check_humans(plan));
  plan.humans[0].key = "none";
  CHECK_FALSE(check_humans(plan));
}

TEST_CASE("a plan that asks nobody may have sessions without a sandbox") {
  plan::Plan plan = asking_plan();
  plan.nodes[0].kind = plan::NodeKind::kRun;
  plan.nodes[0].sandboxed = false;
  CHECK_FALSE(may_ask(plan));
  CHECK(check_humans(plan));
}

}  // namespace fleet::flow
