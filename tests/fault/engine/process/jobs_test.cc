// What becomes of one job, with real processes, with and without a PID namespace.
#include <catch2/catch.hpp>

#include "tests/support/keeper_fixture.h"

using namespace fleet;
using namespace fleet::process;
using fleet::testing::contents_of;
using fleet::testing::eventually;
using fleet::testing::Keeper;
using fleet::testing::processes_with;
using std::chrono::milliseconds;

TEST_CASE("An exit is reported with its code, times and output") {
  Keeper keeper;
  keeper.enter();
  const JobReport end =
      keeper.run(keeper.agent(1, {"print=hello", "complain=there", "spin=30", "exit=7"}));
  CHECK(end.how == End::kExited);
  CHECK(end.code == 7);
  CHECK_FALSE(end.success());
  CHECK(end.output_bytes == 12);
  CHECK(contents_of(keeper.output_of(end.key)) == "hello\nthere\n");
  CHECK((end.cpu_user + end.cpu_system).count() > 1'000);
  CHECK(end.max_rss > 100'000);
  CHECK(end.duration >= milliseconds(30));
  CHECK(end.ended >= end.started);
  CHECK(end.started.time_since_epoch().count() > 0);
  CHECK(end.survivors == 0);
  CHECK(keeper.starts_.at(end.key).pid > 0);
}

TEST_CASE("Output is appended to what is there") {
  Keeper keeper;
  keeper.enter();
  keeper.run(keeper.agent(1, {"print=first"}));
  JobSpec again = keeper.agent(1, {"print=second"});
  again.key.epoch = 2;
  CHECK(keeper.run(again).output_bytes == 7);
  CHECK(contents_of(keeper.output_of(again.key)) == "first\nsecond\n");
}

TEST_CASE("A death by a signal is not an exit") {
  Keeper keeper;
  keeper.enter();
  const JobReport end = keeper.run(keeper.agent(1, {"signal=11"}));
  CHECK(end.how == End::kSignalled);
  CHECK(end.signal == 11);
}

TEST_CASE("A job gets its environment and nothing else, no descriptors, and a session of its own") {
  Keeper keeper;
  keeper.enter();
  JobSpec job = keeper.agent(1, {"env-count", "env=COLOUR", "fds"});
  job.env = {"COLOUR=red"};
  REQUIRE(keeper.run(job).success());
  CHECK(contents_of(keeper.output_of(job.key)) == "1\nred\n3\n");
}

TEST_CASE("What can't start says why") {
  Keeper keeper;
  keeper.enter();
  SECTION("no such command in PATH") {
    JobSpec job = keeper.agent(1, {});
    job.argv = {"no-such-command-here"};
    const JobReport end = keeper.run(job);
    CHECK(end.how == End::kSpawnFailed);
    CHECK(end.failure == SpawnFailure::kCommandNotFound);
    CHECK(describe(end) == "could not be started: no-such-command-here: not found in PATH");
  }
  SECTION("no such file") {
    JobSpec job = keeper.agent(1, {});
    job.argv = {"/no/such/file"};
    const JobReport end = keeper.run(job);
    CHECK(end.failure == SpawnFailure::kCommandNotFound);
    CHECK(end.text == "/no/such/file: No such file or directory");
  }
  SECTION("not executable") {
    JobSpec job = keeper.agent(1, {});
    job.argv = {"/etc/passwd"};
    CHECK(keeper.run(job).failure == SpawnFailure::kNotExecutable);
  }
  SECTION("no such directory") {
    JobSpec job = keeper.agent(1, {});
    job.cwd = "/no/such/place";
    const JobReport end = keeper.run(job);
    CHECK(end.failure == SpawnFailure::kDirectory);
    CHECK(end.text == "/no/such/place: No such file or directory");
  }
  SECTION("output in no directory") {
    JobSpec job = keeper.agent(1, {});
    job.output = "/no/such/place/output";
    CHECK(keeper.run(job).failure == SpawnFailure::kOutput);
  }
  CHECK(keeper.starts_.empty());
}

TEST_CASE("A malformed job is refused with its whole batch") {
  Keeper keeper;
  keeper.enter();
  JobSpec bad = keeper.agent(2, {});
  bad.cwd = "here";
  const Status submitted = keeper.engine().submit({keeper.agent(1, {}), bad});
  REQUIRE_FALSE(submitted);
  CHECK(submitted.error().message() == "job test/2.1.0: its directory is not an absolute path");
  CHECK(keeper.engine().list()->empty());
}

TEST_CASE("A timeout ends a job, the hard way if it must") {
  Keeper keeper(GENERATE(true, false));
  keeper.enter();
  JobSpec polite = keeper.agent(1, {"on-term=9", "hold"});
  JobSpec stubborn = keeper.agent(2, {"ignore-term", "daemon", "hold"});
  for (JobSpec* job : {&polite, &stubborn}) {
    job->timeout = milliseconds(300);
    job->grace = milliseconds(300);
  }
  keeper.submit({polite, stubborn});
  const JobReport first = keeper.end_of(polite.key);
  CHECK(first.how == End::kTimedOut);
  CHECK(first.code == 9);
  const JobReport second = keeper.end_of(stubborn.key);
  CHECK(second.how == End::kTimedOut);
  CHECK(second.signal == SIGKILL);
  CHECK(second.duration >= milliseconds(600));
  CHECK(processes_with(keeper.tag()).empty());
}

TEST_CASE("Nothing of a job outlives its end, however it detached itself") {
  Keeper keeper(GENERATE(true, false));
  keeper.enter();
  keeper.submit({keeper.agent(9, {"daemon", "hold"})});
  keeper.start_of({"test", 9, 1, 0});
  keeper.until([&] { return processes_with(keeper.tag()).size() == 2; });
  const JobReport end = keeper.run(
      keeper.agent(1, {"daemon", "daemon", "bare-daemon", "brood=3", "close-pipes", "exit=4"}));
  CHECK(end.how == End::kExited);
  CHECK(end.code == 4);
  CHECK(end.survivors == 0);
  // The other job's daemon is none of its business.
  CHECK(processes_with(keeper.tag()).size() == 2);
  REQUIRE(keeper.engine().cancel({"test", 9, 1, 0}, milliseconds(0)));
  CHECK(keeper.end_of({"test", 9, 1, 0}).how == End::kCancelled);
  CHECK(processes_with(keeper.tag()).empty());
}

TEST_CASE("A flood of output is stopped") {
  Keeper keeper;
  keeper.enter();
  JobSpec job = keeper.agent(1, {"spew=20000000000"});
  job.output_limit = 1'000'000;
  const JobReport end = keeper.run(job);
  CHECK(end.how == End::kOutputLimit);
  CHECK(end.output_bytes > 1'000'000);
  std::filesystem::remove(keeper.output_of(job.key));
  SECTION("even if it was over before anybody looked") {
    JobSpec quick = keeper.agent(2, {"spew=5000"});
    quick.output_limit = 4'000;
    CHECK(keeper.run(quick).how == End::kOutputLimit);
  }
}

TEST_CASE("Cancelling what waits means that it never starts") {
  Keeper keeper;
  keeper.options().jobs = 1;
  keeper.enter();
  keeper.submit({keeper.agent(1, {"hold"}), keeper.agent(2, {"print=no"})});
  keeper.start_of({"test", 1, 1, 0});
  REQUIRE(keeper.engine().cancel({"test", 2, 1, 0}, milliseconds(0)));
  const JobReport end = keeper.end_of({"test", 2, 1, 0});
  CHECK(end.how == End::kCancelled);
  CHECK(end.started == os::WallTime{});
  REQUIRE(keeper.engine().cancel({"test", 1, 1, 0}, milliseconds(0)));
  keeper.end_of({"test", 1, 1, 0});
  CHECK_FALSE(keeper.starts_.contains({"test", 2, 1, 0}));
}

TEST_CASE("Armed jobs start after a success and are dropped after a failure") {
  Keeper keeper;
  keeper.enter();
  std::vector<JobSpec> jobs;
  const auto after = [&](std::uint32_t task, std::vector<std::string> acts,
                         std::vector<std::uint32_t> before) {
    JobSpec job = keeper.agent(task, std::move(acts));
    job.output = keeper.scratch() / "order";
    for (const std::uint32_t each : before)
      job.after.push_back({"test", each, 1, 0});
    jobs.push_back(std::move(job));
  };
  after(1, {"sleep=30", "print=1"}, {});
  after(2, {"print=2"}, {1});
  after(3, {"print=3"}, {1, 2});
  after(4, {"exit=1"}, {3});
  after(5, {"print=5"}, {4});
  after(6, {"print=6"}, {5, 1});
  after(7, {"print=7"}, {99});
  keeper.submit(jobs);
  CHECK(keeper.end_of({"test", 6, 1, 0}).how == End::kDropped);
  CHECK(keeper.end_of({"test", 5, 1, 0}).how == End::kDropped);
  CHECK(keeper.end_of({"test", 7, 1, 0}).how == End::kDropped);
  CHECK(keeper.end_of({"test", 3, 1, 0}).success());
  CHECK(contents_of(keeper.scratch() / "order") == "1\n2\n3\n");
}

TEST_CASE("Never more jobs run at once than the engine said") {
  Keeper keeper;
  keeper.options().jobs = 2;
  keeper.enter();
  std::vector<JobSpec> jobs;
  for (std::uint32_t task = 1; task <= 12; ++task)
    jobs.push_back(keeper.agent(task, {"sleep=5"}));
  keeper.submit(jobs);
  keeper.until([&] { return keeper.ends_.size() == jobs.size(); });
  for (const auto& [key, start] : keeper.starts_) {
    std::size_t beside = 0;
    for (const auto& [other, end] : keeper.ends_)
      beside += keeper.starts_.at(other).sequence < start.sequence && end.sequence > start.sequence;
    // Ends are recorded in groups, up to sixteen of them.
    CHECK(beside <= 1 + 16);
  }
}
