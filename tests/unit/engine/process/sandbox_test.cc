// The pure half of the sandbox, and how ends are told.
#include "engine/process/sandbox.h"

#include <catch2/catch.hpp>

#include "engine/process/job.h"
#include "engine/process/mark.h"
#include "tests/support/scratch_dir.h"

using namespace fleet;
using namespace fleet::process;

namespace {

// Where the words stand, one after the other; npos: not so.
std::size_t find(const std::vector<std::string>& argv, const std::vector<std::string>& words) {
  const auto at = std::search(argv.begin(), argv.end(), words.begin(), words.end());
  return at == argv.end() ? std::string::npos : static_cast<std::size_t>(at - argv.begin());
}

JobSpec nested_job() {
  JobSpec job;
  job.argv = {"agent", "--flag", "--"};
  job.cwd = "/home/u/repo";
  job.env = {"PATH=/bin", "HOME=/home/u", "TMPDIR=/var/tmp"};
  job.sandbox.emplace();
  job.sandbox->writable = {"/home/u/repo", "/tmp/work"};
  job.sandbox->home = "/state/home";
  job.sandbox->tmp = "/state/tmp";
  job.sandbox->read_only_over = {"/home/u/repo/.git"};
  job.sandbox->masked = {"/home/u", "/home/u/repo/private", "/state"};
  job.sandbox->masked_files = {"/etc/secret"};
  job.sandbox->exposed = {"/home/u/.cache"};
  return job;
}

}  // namespace

TEST_CASE("Mounts come before those that lie inside them") {
  const std::vector<std::string> argv = sandbox_argv(nested_job(), 3);
  const std::vector<std::size_t> order = {
      find(argv, {"--ro-bind", "/", "/"}),
      find(argv, {"--bind", "/state/tmp", "/tmp"}),
      find(argv, {"--tmpfs", "/home/u"}),
      find(argv, {"--bind", "/home/u/repo", "/home/u/repo"}),
      find(argv, {"--ro-bind", "/home/u/repo/.git", "/home/u/repo/.git"}),
      find(argv, {"--remount-ro", "/home/u"}),
      find(argv, {"--chdir", "/home/u/repo", "--", "agent", "--flag", "--"}),
  };
  for (const std::size_t at : order)
    CHECK(at != std::string::npos);
  CHECK(std::is_sorted(order.begin(), order.end()));
  CHECK(find(argv, {"--bind", "/tmp/work", "/tmp/work"}) >
        find(argv, {"--bind", "/state/tmp", "/tmp"}));
  CHECK(find(argv, {"--tmpfs", "/home/u/repo/private"}) >
        find(argv, {"--bind", "/home/u/repo", "/home/u/repo"}));
  CHECK(find(argv, {"--ro-bind", "/dev/null", "/etc/secret"}) != std::string::npos);
  CHECK(find(argv, {"--json-status-fd", "3"}) != std::string::npos);
}

TEST_CASE("At the same path the tightest rule holds") {
  JobSpec job = nested_job();
  job.sandbox->writable = {"/a", "/b", "/c"};
  job.sandbox->exposed = {"/b", "/c"};
  job.sandbox->masked = {"/c"};
  const std::vector<std::string> argv = sandbox_argv(job, 3);
  CHECK(find(argv, {"--bind", "/a", "/a"}) != std::string::npos);
  CHECK(find(argv, {"--ro-bind", "/b", "/b"}) != std::string::npos);
  CHECK(find(argv, {"--bind", "/b", "/b"}) == std::string::npos);
  CHECK(find(argv, {"--tmpfs", "/c"}) != std::string::npos);
  CHECK(find(argv, {"--ro-bind", "/c", "/c"}) == std::string::npos);
}

TEST_CASE("The network is cut only where it is to be") {
  JobSpec job = nested_job();
  CHECK(find(sandbox_argv(job, 3), {"--unshare-net"}) == std::string::npos);
  job.sandbox->network = false;
  CHECK(find(sandbox_argv(job, 3), {"--unshare-net"}) != std::string::npos);
}

TEST_CASE("The environment of a sandbox names its own home and temporary directory, once") {
  CHECK(sandbox_env(nested_job()) ==
        std::vector<std::string>{"PATH=/bin", "HOME=/state/home", "TMPDIR=/tmp"});
}

TEST_CASE("bubblewrap's words are told from the command's") {
  const std::string up = "{ \"child-pid\": 4711, \"pid-namespace\": 4026532178 }\n";
  const SandboxEnd ran = classify_sandbox_end(up + "{ \"exit-code\": 137 }\n", "bwrap: nonsense\n");
  CHECK(ran.ran);
  CHECK(ran.code == 137);
  const SandboxEnd missing =
      classify_sandbox_end(up, "bwrap: execvp foo: No such file or directory\n");
  CHECK_FALSE(missing.ran);
  CHECK(missing.set_up);
  CHECK(missing.text == "foo: No such file or directory");
  const SandboxEnd failed =
      classify_sandbox_end("", "warning: x\nbwrap: Can't find source path /x: No such file\n");
  CHECK_FALSE(failed.set_up);
  CHECK(failed.text == "Can't find source path /x: No such file");
  CHECK_FALSE(classify_sandbox_end("", "").text.empty());
  CHECK(sandbox_init_pid(up) == 4711);
  CHECK(sandbox_init_pid("{ \"child-pid\": ") == 0);
}

TEST_CASE("A spec is made literal, or refused") {
  const testing::ScratchDir scratch;
  std::filesystem::create_directory(scratch / "real");
  std::filesystem::create_directory_symlink(scratch / "real", scratch / "link");
  SandboxSpec spec;
  spec.masked = {scratch / "link", scratch / "nothing", "/etc/passwd"};
  const auto resolved = resolve_sandbox(spec);
  REQUIRE(resolved);
  CHECK(resolved->masked.front() == scratch / "real");
  CHECK(resolved->masked_files == std::vector<std::filesystem::path>{"/etc/passwd"});
  SandboxSpec linked;
  linked.writable = {scratch / "link"};
  CHECK(resolve_sandbox(linked).error().code() == Errc::kInvalid);
  SandboxSpec everything;
  everything.masked = {"/"};
  CHECK(resolve_sandbox(everything).error().code() == Errc::kInvalid);
}

TEST_CASE("An end is told in a sentence") {
  JobReport report;
  report.kind = ReportKind::kEnded;
  report.how = End::kExited;
  report.code = 3;
  CHECK(describe(report) == "exit 3");
  report.how = End::kTimedOut;
  report.duration = std::chrono::seconds(90);
  CHECK(describe(report) == "timed out after 90 s");
  report.how = End::kSpawnFailed;
  report.text = "x: not found in PATH";
  report.survivors = 2;
  CHECK(describe(report) ==
        "could not be started: x: not found in PATH (2 of its processes could not be killed)");
}
