// What a sandboxed job can and can't do, tried from inside.
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <fstream>

#include <catch2/catch.hpp>

#include "tests/support/keeper_fixture.h"

using namespace fleet;
using namespace fleet::process;
using fleet::testing::contents_of;
using fleet::testing::Keeper;
using fleet::testing::processes_with;
using std::chrono::milliseconds;

namespace {

// work/ is writable with a read-only work/.git; secret/ is masked, secret/shown visible.
struct Site {
  explicit Site(Keeper& owner) : keeper(owner) {
    keeper.enter();
    if (!keeper.engine().capabilities().sandbox)
      FAIL("bubblewrap does not work here: " + keeper.engine().capabilities().sandbox_reason);
    for (const char* directory : {"work", "home", "tmp", "secret", "secret/shown", "elsewhere"})
      std::filesystem::create_directory(at(directory));
    for (const char* file :
         {"work/.git", "secret/key", "secret/shown/file", "elsewhere/file", "netrc"})
      std::ofstream(at(file)) << "text";
    spec.writable = {at("work")};
    spec.home = at("home");
    spec.tmp = at("tmp");
    spec.read_only_over = {at("work/.git")};
    spec.masked = {at("secret"), at("netrc"), at("state")};
    spec.exposed = {at("secret/shown"), at("elsewhere"), FAKE_AGENT};
    spec.network = false;
  }
  std::string at(const std::string& name) const { return keeper.scratch() / name; }
  JobSpec job(std::vector<std::string> acts) {
    JobSpec job = keeper.agent(++task, std::move(acts));
    job.cwd = at("work");
    job.sandbox = spec;
    return job;
  }
  int code_of(std::vector<std::string> acts) {
    const JobReport end = keeper.run(job(std::move(acts)));
    INFO(describe(end) << " " << contents_of(keeper.output_of(end.key)));
    CHECK(end.how == End::kExited);
    return end.code;
  }
  std::string printed(std::vector<std::string> acts) {
    CHECK(code_of(std::move(acts)) == 0);
    return contents_of(keeper.output_of({"test", task, 1, 0}));
  }

  Keeper& keeper;
  SandboxSpec spec;
  std::uint32_t task = 0;
};

constexpr int kDenied = 10;

}  // namespace

TEST_CASE("A sandboxed job writes only where it may") {
  Keeper keeper(GENERATE(true, false));
  Site site(keeper);
  CHECK(site.code_of({"write=" + site.at("work/new"), "write=" + site.at("home/new"),
                      "write=/tmp/new"}) == 0);
  CHECK(contents_of(site.at("work/new")) == "x");
  CHECK(contents_of(site.at("home/new")) == "x");
  CHECK(contents_of(site.at("tmp/new")) == "x");
  CHECK(site.code_of({"write=here"}) == 0);
  CHECK(contents_of(site.at("work/here")) == "x");
  CHECK(site.code_of({"read=" + site.at("elsewhere/file"), "read=/etc/passwd"}) == 0);
  for (const std::string& file :
       {site.at("elsewhere/new"), site.at("secret/new"), std::string("/usr/new"),
        std::string("/run/new"), std::string("/etc/new")})
    CHECK(site.code_of({"write=" + file}) == kDenied);
  for (const std::string& file :
       {site.at("elsewhere/file"), site.at("work/.git"), site.at("secret/shown/file")})
    CHECK(site.code_of({"open=" + file}) == kDenied);
  CHECK(contents_of(site.at("work/.git")) == "text");
}

TEST_CASE("No file of the kernel can be written in a sandbox, not even by root") {
  Keeper keeper;
  Site site(keeper);
  JobSpec job = site.job({});
  // /proc/PID is the job's own, and /proc/net belongs to its namespace.
  job.argv = {"find",
              "/proc",
              "/sys",
              "-regextype",
              "egrep",
              "-regex",
              "/proc/([0-9]+|self|thread-self|net)",
              "-prune",
              "-o",
              "-type",
              "f",
              "-writable",
              "-print"};
  CHECK(keeper.run(job).how == End::kExited);  // find complains of what vanishes or is closed
  const std::string found = "\n" + contents_of(keeper.output_of(job.key));
  INFO(found);
  CHECK(found.find("\n/") == std::string::npos);
}

TEST_CASE("A sandboxed job does not see what is masked") {
  Keeper keeper;
  Site site(keeper);
  CHECK(site.code_of({"read=" + site.at("secret/shown/file")}) == 0);
  for (const std::string& file : {site.at("secret/key"), site.at("netrc"),
                                  site.at("state/keeper/spool"), site.at("home/../tmp/x")})
    CHECK(site.code_of({"read=" + file}) == kDenied);
}

TEST_CASE("A sandboxed job sees no other process and reaches no socket of the host") {
  Keeper keeper;
  Site site(keeper);
  // bubblewrap's first process and the command.
  CHECK(site.printed({"pids"}) == "2\n");
  CHECK(site.code_of({"connect=" + site.at("state/keeper/socket")}) == 11);
  JobSpec job = site.job({});
  job.argv = {"sh", "-c", "tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' '"};
  REQUIRE(keeper.run(job).success());
  CHECK(contents_of(keeper.output_of(job.key)) == "lo\n");
}

TEST_CASE(
    "A sandboxed job has the home and the temporary directory of its sandbox, no descriptors, no "
    "powers") {
  Keeper keeper;
  Site site(keeper);
  CHECK(site.printed({"env=HOME", "env=TMPDIR", "fds"}) == site.at("home") + "\n/tmp\n3\n");
  JobSpec job = site.job({});
  job.argv = {"sh", "-c", "grep -h -e CapEff -e NoNewPrivs /proc/self/status | tr -d '\\t'"};
  REQUIRE(keeper.run(job).success());
  CHECK(contents_of(keeper.output_of(job.key)) == "CapEff:0000000000000000\nNoNewPrivs:1\n");
}

TEST_CASE("A secret of the environment does not show in a command line") {
  Keeper keeper;
  Site site(keeper);
  JobSpec job = site.job({"env=SECRET", "hold"});
  job.env.push_back("SECRET=" + keeper.tag() + "-secret");
  keeper.submit({job});
  keeper.until([&] { return !contents_of(keeper.output_of(job.key)).empty(); });
  CHECK_FALSE(processes_with(keeper.tag()).empty());
  CHECK(processes_with(keeper.tag() + "-secret").empty());
  REQUIRE(keeper.engine().cancel(job.key, milliseconds(0)));
  CHECK(keeper.end_of(job.key).how == End::kCancelled);
}

TEST_CASE("How a sandboxed job ends is told from how its sandbox failed") {
  Keeper keeper;
  Site site(keeper);
  CHECK(site.code_of({"exit=1"}) == 1);
  const JobReport crash = keeper.run(site.job({"signal=11"}));
  CHECK(crash.how == End::kSignalled);
  CHECK(crash.signal == SIGSEGV);
  SECTION("no such command") {
    JobSpec job = site.job({});
    job.argv = {"no-such-command"};
    const JobReport end = keeper.run(job);
    CHECK(end.how == End::kSpawnFailed);
    CHECK(end.failure == SpawnFailure::kCommandNotFound);
    CHECK(end.text == "no-such-command: No such file or directory");
  }
  SECTION("a directory that is not there inside") {
    JobSpec job = site.job({});
    job.cwd = site.at("secret/hidden");
    const JobReport end = keeper.run(job);
    CHECK(end.how == End::kSpawnFailed);
    CHECK(end.failure == SpawnFailure::kSandbox);
    CHECK(end.text == "Can't chdir to " + job.cwd.native() + ": No such file or directory");
  }
  SECTION("what was to be bound went away") {
    std::filesystem::create_directory(site.at("gone"));
    site.spec.writable.push_back(site.at("gone"));
    REQUIRE(keeper.engine().set_jobs(1));
    JobSpec job = site.job({});
    keeper.submit({keeper.agent(90, {"sleep=200"}), job});
    std::filesystem::remove(site.at("gone"));
    CHECK(keeper.end_of(job.key).failure == SpawnFailure::kSandbox);
  }
}

TEST_CASE("Inside a sandbox TERM reaches the command, and nothing outlives the KILL") {
  Keeper keeper(GENERATE(true, false));
  Site site(keeper);
  JobSpec polite = site.job({"on-term=9", "print=up", "hold"});
  JobSpec stubborn =
      site.job({"ignore-term", "daemon", "bare-daemon", "brood=3", "print=up", "hold"});
  keeper.submit({polite, stubborn});
  for (const JobSpec* job : {&polite, &stubborn})
    keeper.until([&] { return contents_of(keeper.output_of(job->key)) == "up\n"; });
  REQUIRE(keeper.engine().cancel(polite.key, std::chrono::seconds(60)));
  REQUIRE(keeper.engine().cancel(stubborn.key, milliseconds(100)));
  const JobReport first = keeper.end_of(polite.key);
  CHECK(first.how == End::kCancelled);
  CHECK(first.code == 9);
  CHECK(keeper.end_of(stubborn.key).how == End::kCancelled);
  CHECK(processes_with(keeper.tag()).empty());
}

TEST_CASE("Nothing in a sandbox outlives its main process, nor its keeper") {
  Keeper keeper(GENERATE(true, false));
  Site site(keeper);
  CHECK(site.code_of({"daemon", "bare-daemon", "brood=2", "exit=5"}) == 5);
  CHECK(processes_with(keeper.tag()).empty());
  JobSpec job = site.job({"daemon", "bare-daemon", "print=up", "hold"});
  keeper.submit({job});
  keeper.until([&] { return contents_of(keeper.output_of(job.key)) == "up\n"; });
  ::kill(keeper.pid(), SIGKILL);
  CHECK(keeper.end_of(job.key).how == End::kLost);
  CHECK(processes_with(keeper.tag()).empty());
}

TEST_CASE("The times of a sandboxed job are those of what runs inside") {
  Keeper keeper;
  Site site(keeper);
  const JobReport end = keeper.run(site.job({"spin=200"}));
  CHECK(end.cpu_user + end.cpu_system > milliseconds(20));
}

TEST_CASE("A sandbox is not set up over a symbolic link or beside what is not there") {
  Keeper keeper;
  Site site(keeper);
  std::filesystem::create_symlink("/etc", site.at("work/link"));
  SECTION("a link where a writable directory is meant") {
    site.spec.writable.push_back(site.at("work/link"));
    const Status submitted = keeper.engine().submit({site.job({})});
    REQUIRE_FALSE(submitted);
    CHECK(submitted.error().code() == Errc::kInvalid);
  }
  SECTION("a missing one") {
    site.spec.read_only_over.push_back(site.at("work/none"));
    const Status submitted = keeper.engine().submit({site.job({})});
    REQUIRE_FALSE(submitted);
    CHECK(submitted.error().code() == Errc::kNotFound);
  }
  SECTION("a masked link hides what it leads to") {
    std::filesystem::create_directory_symlink(site.at("elsewhere"), site.at("alias"));
    site.spec.exposed = {FAKE_AGENT};
    site.spec.masked.push_back(site.at("alias"));
    CHECK(site.code_of({"read=" + site.at("elsewhere/file")}) == kDenied);
  }
}
