// Who dies when: engines, keepers, and what the next one learns.
#include <signal.h>
#include <sys/wait.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <string>

#include <catch2/catch.hpp>

#include "engine/os/socket.h"
#include "engine/process/protocol.h"
#include "tests/support/keeper_fixture.h"

using namespace fleet;
using namespace fleet::process;
using fleet::testing::contents_of;
using fleet::testing::eventually;
using fleet::testing::Keeper;
using fleet::testing::processes_with;
using std::chrono::milliseconds;

namespace {

std::size_t descriptors_of(pid_t pid) {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry :
       std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd"))
    ++count;
  return count;
}

}  // namespace

TEST_CASE("A killed engine's jobs go on and the next engine learns of every end exactly once") {
  Keeper keeper(GENERATE(true, false));
  constexpr std::uint32_t kJobs = 40;
  std::vector<JobSpec> jobs;
  for (std::uint32_t task = 1; task <= kJobs; ++task)
    jobs.push_back(
        keeper.agent(task, {"sleep=" + std::to_string(5 * task), "exit=" + std::to_string(task)}));
  const pid_t engine = ::fork();
  if (engine == 0) {
    auto opened = KeeperLauncher::open(keeper.options());
    if (!opened || !(*opened)->submit(jobs))
      ::_exit(1);
    ::raise(SIGKILL);
  }
  int how = 0;
  REQUIRE(::waitpid(engine, &how, 0) == engine);
  REQUIRE(WIFSIGNALED(how));
  keeper.enter();
  keeper.submit(jobs);  // as an engine does that is not sure
  keeper.until([&] { return keeper.ends_.size() == kJobs; });
  for (const auto& [key, end] : keeper.ends_) {
    CHECK(end.how == End::kExited);
    CHECK(end.code == static_cast<int>(key.task));
    CHECK(keeper.times_ended_.at(key) == 1);
  }
  const std::uint64_t middle = keeper.ends_.at({"test", kJobs / 2, 1, 0}).sequence;
  std::size_t later = 0;
  for (const auto& [key, end] : keeper.ends_)
    later += end.sequence > middle;
  keeper.ends_.clear();
  keeper.last_ = middle;
  keeper.enter(middle);
  keeper.until([&] { return keeper.ends_.size() == later; });
  for (const auto& [key, end] : keeper.ends_)
    CHECK(end.sequence > middle);
}

TEST_CASE("An equal key is the same job, run once") {
  Keeper keeper;
  keeper.enter();
  JobSpec job = keeper.agent(1, {"print=once"});
  keeper.submit({job, job});
  keeper.end_of(job.key);
  keeper.submit({job});
  CHECK(keeper.run(keeper.agent(2, {})).success());
  CHECK(keeper.times_ended_.at(job.key) == 1);
  CHECK(contents_of(keeper.output_of(job.key)) == "once\n");
  SECTION("until its run is released") {
    REQUIRE(keeper.engine().release("test"));
    CHECK(keeper.engine().list()->empty());
    keeper.submit({job});
    keeper.until([&] { return keeper.times_ended_.at(job.key) == 2; });
    CHECK(contents_of(keeper.output_of(job.key)) == "once\nonce\n");
  }
}

TEST_CASE("A killed keeper leaves no process of a job, and the next one reports what was lost") {
  Keeper keeper(GENERATE(true, false));
  keeper.enter();
  REQUIRE(keeper.run(keeper.agent(1, {"exit=3"})).code == 3);
  REQUIRE(keeper.engine().set_jobs(2));
  keeper.submit({keeper.agent(2, {"ignore-term", "daemon", "brood=2", "hold"}),
                 keeper.agent(3, {"bare-daemon", "hold"}), keeper.agent(4, {"print=never"})});
  keeper.start_of({"test", 3, 1, 0});
  keeper.until([&] { return processes_with(keeper.tag()).size() == 6 || !keeper.ends_.empty(); });
  const pid_t first = keeper.pid();
  const std::size_t before = keeper.ends_.size();
  REQUIRE(before == 1);
  ::kill(first, SIGKILL);
  CHECK(keeper.end_of({"test", 2, 1, 0}).how == End::kLost);
  CHECK(processes_with(keeper.tag()).empty());
  CHECK(keeper.end_of({"test", 3, 1, 0}).how == End::kLost);
  CHECK(keeper.end_of({"test", 4, 1, 0}).how == End::kLost);
  CHECK(keeper.pid() != first);
  CHECK(keeper.times_ended_.at({"test", 1, 1, 0}) == 1);
  CHECK(keeper.run(keeper.agent(5, {})).success());
  CHECK(contents_of(keeper.output_of({"test", 4, 1, 0})).empty());
  const auto all = keeper.engine().list();
  REQUIRE(all);
  CHECK(all->size() == 5);
  for (const JobStatus& status : *all)
    CHECK(status.state == JobState::kEnded);
}

TEST_CASE("A job that an engine believes in and nobody knows of is lost") {
  Keeper keeper;
  keeper.enter();
  REQUIRE(keeper.run(keeper.agent(1, {})).success());
  REQUIRE(keeper.engine().expect({{"test", 1, 1, 0}, {"test", 2, 1, 0}}));
  CHECK(keeper.end_of({"test", 2, 1, 0}).how == End::kLost);
  CHECK(keeper.times_ended_.at({"test", 1, 1, 0}) == 1);
}

TEST_CASE("An engine of a higher generation supersedes, and the old one can do nothing more") {
  Keeper keeper;
  keeper.enter();
  auto opened = KeeperLauncher::open([&] {
    KeeperOptions newer = keeper.options();
    newer.generation += 5;
    return newer;
  }());
  REQUIRE(opened);
  REQUIRE(keeper.engine().submit({keeper.agent(1, {"print=stale"})}));
  Status dispatched;
  CHECK(eventually([&] {
    dispatched = keeper.engine().dispatch();
    return !dispatched;
  }));
  CHECK(dispatched.error().code() == Errc::kConflict);
  auto older = KeeperLauncher::open(keeper.options());
  REQUIRE_FALSE(older);
  CHECK(older.error().code() == Errc::kConflict);
  CHECK((*opened)->list()->empty());
  SECTION("after a keeper's death too") {
    opened->reset();
    keeper.end_keeper(SIGKILL);
    auto still = KeeperLauncher::open(keeper.options());
    REQUIRE_FALSE(still);
    CHECK(still.error().code() == Errc::kConflict);
  }
}

TEST_CASE("Jobs that are to end with their engine are cancelled when it stays away") {
  Keeper keeper;
  keeper.options().away = milliseconds(100);
  keeper.enter();
  JobSpec bound = keeper.agent(1, {"hold"});
  bound.kill_with_engine = true;
  const std::string back = keeper.scratch() / "back";
  keeper.submit({bound, keeper.agent(2, {"await=" + back, "exit=5"})});
  // A command line is empty until its program is loaded, which is after the start is known.
  keeper.until([&] { return processes_with(keeper.tag()).size() == 2; });
  keeper.leave();
  CHECK(eventually([&] { return processes_with(keeper.tag()).size() == 1; }));
  keeper.enter(keeper.last_);
  std::ofstream{back};
  CHECK(keeper.end_of({"test", 1, 1, 0}).how == End::kCancelled);
  CHECK(keeper.end_of({"test", 2, 1, 0}).code == 5);
}

TEST_CASE("A keeper without work or engine ends itself, and its records outlive it") {
  Keeper keeper;
  keeper.enter();
  REQUIRE(keeper.run(keeper.agent(1, {"exit=6"})).code == 6);
  const std::uint64_t sequence = keeper.ends_.at({"test", 1, 1, 0}).sequence;
  const pid_t first = keeper.pid();
  keeper.leave();
  CHECK(eventually([&] { return processes_with(keeper.scratch().path() + "/state").empty(); }));
  keeper.ends_.clear();
  keeper.last_ = 0;
  keeper.enter();
  CHECK(keeper.pid() != first);
  CHECK(keeper.end_of({"test", 1, 1, 0}).code == 6);
  CHECK(keeper.ends_.at({"test", 1, 1, 0}).sequence == sequence);
  CHECK(keeper.run(keeper.agent(2, {})).sequence > sequence);
}

TEST_CASE("What was released stays forgotten when the keeper ends") {
  Keeper keeper;
  keeper.enter();
  REQUIRE(keeper.run(keeper.agent(1, {})).success());
  REQUIRE(keeper.engine().release("test"));
  REQUIRE(eventually([&] { return keeper.engine().list()->empty(); }));
  keeper.leave();
  keeper.end_keeper(GENERATE(SIGTERM, SIGKILL));
  keeper.enter();
  CHECK(keeper.engine().list()->empty());
}

TEST_CASE("A keeper sleeps while nothing happens, also after the last deadline has passed") {
  Keeper keeper;
  keeper.enter();
  JobSpec early = keeper.agent(1, {});
  early.timeout = milliseconds(1000);
  REQUIRE(keeper.run(early).success());
  const auto ticks = [&] {
    std::ifstream stat("/proc/" + std::to_string(keeper.pid()) + "/stat");
    const std::string text{std::istreambuf_iterator<char>(stat), {}};
    std::istringstream fields(text.substr(text.rfind(')') + 2));
    std::string skipped;
    for (int field = 3; field < 14; ++field)
      fields >> skipped;
    long user = -1;
    long system = -1;
    fields >> user >> system;
    REQUIRE(user >= 0);
    return user + system;
  };
  const long before = ticks();
  REQUIRE(keeper.run(keeper.agent(2, {"sleep=1500"})).success());
  // One that spins uses some hundred ticks of 10 ms.
  CHECK(ticks() - before < 10);
}

TEST_CASE("A job can't give orders to its keeper") {
  Keeper keeper(GENERATE(true, false));
  keeper.enter();
  // It gets a connection, and on it only a refusal.
  JobSpec job = keeper.agent(1, {});
  job.argv = {"python3", "-c",
              "import socket,sys,time\ns=socket.socket(socket.AF_UNIX)\ns.connect(sys.argv[1])\n"
              "d=b''\nwhile True:\n p=s.recv(4096)\n if not p: break\n d+=p\nprint('takes no "
              "orders' in d.decode('latin1'))",
              keeper.options().state / "keeper" / "socket"};
  REQUIRE(keeper.run(job).success());
  CHECK(contents_of(keeper.output_of(job.key)) == "True\n");
}

TEST_CASE("Garbage on the socket ends that connection and nothing else") {
  Keeper keeper;
  keeper.enter();
  for (const std::string& garbage :
       {std::string("\xff\xff\xff\xff garbage"), std::string("\1\0\0\0\x7f", 5),
        encode_frame(ListJobs{}), encode_frame(Reports{})}) {
    const auto fd = os::connect_at(keeper.options().state / "keeper", "socket");
    REQUIRE(fd);
    REQUIRE(::write(fd->get(), garbage.data(), garbage.size()) ==
            static_cast<ssize_t>(garbage.size()));
    char byte = 0;
    CHECK(::read(fd->get(), &byte, 1) <= 0);
  }
  CHECK(keeper.run(keeper.agent(1, {"exit=2"})).code == 2);
}

TEST_CASE("A keeper works below a path that no socket address can hold") {
  Keeper keeper;
  std::string deep = keeper.options().state;
  for (int i = 0; i < 4; ++i)
    deep += "/" + std::string(60, 'd');
  std::filesystem::create_directories(deep);
  keeper.options().state = deep;
  keeper.enter();
  CHECK(keeper.run(keeper.agent(1, {})).success());
}

TEST_CASE("Five hundred jobs later the keeper holds as many descriptors and processes as before") {
  Keeper keeper;
  keeper.enter();
  REQUIRE(keeper.run(keeper.agent(1, {})).success());
  const std::size_t before = descriptors_of(keeper.pid());
  std::vector<JobSpec> jobs;
  for (std::uint32_t task = 2; task <= 501; ++task) {
    JobSpec job = keeper.agent(task, {task % 5 == 0 ? "daemon" : "tag=x"});
    job.output.clear();
    if (task % 50 == 0)
      job.argv = {"/no/such/program"};
    jobs.push_back(std::move(job));
  }
  keeper.submit(jobs);
  keeper.until([&] { return keeper.ends_.size() == 501; });
  CHECK(descriptors_of(keeper.pid()) == before);
  CHECK(processes_with(keeper.tag()).empty());
}
