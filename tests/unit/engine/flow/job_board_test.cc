#include "engine/flow/job_board.h"

#include <catch2/catch.hpp>

namespace fleet::flow {
namespace {

// Takes no job, with the error that it was given.
class Refusing final : public process::Launcher {
 public:
  explicit Refusing(Errc code) : code_(code) {}

  Status submit(std::vector<process::JobSpec>) override { return Error(code_, "no"); }
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

 private:
  Errc code_;
  process::Capabilities capabilities_;
};

process::JobReport refused_with(Errc code) {
  Refusing launcher(code);
  JobBoard board(launcher);
  process::JobSpec spec;
  spec.key = {"run", 1, 1, 0};
  std::vector<process::JobReport> told;
  board.submit(std::move(spec), [&](const process::JobReport& report) { told.push_back(report); });
  REQUIRE(told.size() == 1);
  CHECK(told[0].how == process::End::kSpawnFailed);
  CHECK(told[0].text == "no");
  return told[0];
}

}  // namespace

TEST_CASE("a job that the machine's trouble kept from starting may be tried again") {
  CHECK(refused_with(Errc::kIo).starved());
  CHECK(refused_with(Errc::kNoSpace).starved());
}

TEST_CASE("a job that can never be started is not tried again") {
  CHECK_FALSE(refused_with(Errc::kInvalid).starved());
  CHECK_FALSE(refused_with(Errc::kUnsupported).starved());
}

namespace {

process::JobReport end_of(const std::string& run) {
  process::JobReport report;
  report.key = {run, 1, 1, 0};
  report.kind = process::ReportKind::kEnded;
  report.how = process::End::kExited;
  return report;
}

}  // namespace

TEST_CASE("an end that comes before the news that its run goes on waits for that") {
  Refusing launcher(Errc::kIo);
  JobBoard board(launcher);
  int told = 0;
  board.hold("taken-up");
  board.expect({"taken-up", 1, 1, 0}, [&](const process::JobReport&) { ++told; });
  board.take({end_of("taken-up")});
  CHECK(told == 0);
  board.release("taken-up");
  CHECK(told == 1);
  board.take({end_of("taken-up")});
  CHECK(told == 1);  // once
}

TEST_CASE("what a run that has ended waited for is told to nobody, and other runs go on") {
  Refusing launcher(Errc::kIo);
  JobBoard board(launcher);
  int gone = 0, here = 0;
  board.expect({"gone", 1, 1, 0}, [&](const process::JobReport&) { ++gone; });
  board.expect({"here", 1, 1, 0}, [&](const process::JobReport&) { ++here; });
  board.forget("gone");
  board.take({end_of("gone"), end_of("here")});
  CHECK(gone == 0);
  CHECK(here == 1);
}

}  // namespace fleet::flow
