#include "engine/flow/adapted.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <catch2/catch.hpp>

#include "engine/flow/site.h"
#include "tests/support/scratch_dir.h"

using namespace fleet;

namespace {

plan::Agent agent_of(plan::Adapter adapter) {
  plan::Agent agent;
  agent.name = "builder";
  agent.runtime.adapter = adapter;
  agent.runtime.model = "a-model";
  agent.writes = plan::Writes{};
  return agent;
}

run::Exited exit_with(int code) {
  run::Exited exited;
  exited.attempt = {{3}, 1};
  exited.code = code;
  exited.detail = "exit " + std::to_string(code);
  return exited;
}

std::string claude_says(bool is_error, const std::string& result) {
  return std::string("{\"type\":\"result\",\"subtype\":\"success\",\"is_error\":") +
         (is_error ? "true" : "false") + ",\"result\":\"" + result +
         "\",\"total_cost_usd\":0.25,\"usage\":{\"input_tokens\":7,\"output_tokens\":2}}\n";
}

std::string text_of(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

const flow::DeskPlace kDesk{"/desk", "/desk/agent.sock", "t0ken", "/desk/brief.json"};

}  // namespace

TEST_CASE("an exit code of zero after an error is no success") {
  const plan::Agent agent = agent_of(plan::Adapter::kClaude);
  const auto end = flow::read_end(exit_with(0), agent, claude_says(true, "it broke"));
  CHECK(end.exited.how == run::ExitHow::kExited);
  CHECK(end.exited.code == 1);
  CHECK(end.exited.detail == "claude: it broke");
}

TEST_CASE("what the stream says of a credential or a limit is the exit, and its usage is metered") {
  const plan::Agent agent = agent_of(plan::Adapter::kClaude);
  const auto auth = flow::read_end(exit_with(1), agent, claude_says(true, "Invalid API key"));
  CHECK(auth.exited.how == run::ExitHow::kAuth);
  REQUIRE(auth.metered);
  CHECK(*auth.metered == run::Metered{{{3}, 1}, 250'000, 7, 0, 2});
  const auto limited =
      flow::read_end(exit_with(1), agent, claude_says(true, "usage limit reached|1795806400"));
  CHECK(limited.exited.how == run::ExitHow::kLimited);
  CHECK(limited.exited.until == 1'795'806'400'000);
}

TEST_CASE("a CLI that is not there is told with where it has to be") {
  run::Exited missing = exit_with(0);
  missing.how = run::ExitHow::kSpawnFailed;
  missing.detail = "could not be started: claude: No such file or directory";
  const plan::Agent agent = agent_of(plan::Adapter::kClaude);
  const auto end = flow::read_end(missing, agent, "");
  CHECK(end.exited.how == run::ExitHow::kSpawnFailed);
  CHECK(end.exited.detail.starts_with(missing.detail + "; install it where a session sees it"));
  missing.detail = "bwrap: no user namespaces";
  CHECK(flow::read_end(missing, agent, "").exited.detail == missing.detail);
}

TEST_CASE("an end that the engine made is not read again from the stream") {
  const plan::Agent agent = agent_of(plan::Adapter::kClaude);
  run::Exited timed_out = exit_with(0);
  timed_out.how = run::ExitHow::kTimedOut;
  const auto end = flow::read_end(timed_out, agent, claude_says(false, "done"));
  CHECK(end.exited == timed_out);
  CHECK(end.metered);
}

TEST_CASE("a CLI that states no cost is metered by the runtime's price") {
  plan::Agent agent = agent_of(plan::Adapter::kCodex);
  agent.runtime.price = plan::Money{3'000'000};
  const auto end = flow::read_end(exit_with(0), agent,
                                  "{\"type\":\"turn.completed\",\"usage\":{\"input_tokens\":900000,"
                                  "\"output_tokens\":100000}}\n");
  CHECK(end.exited.how == run::ExitHow::kExited);
  CHECK(end.exited.code == 0);
  REQUIRE(end.metered);
  CHECK(end.metered->micros == 3'000'000);
}

TEST_CASE("a configuration replaces what an earlier session planted in HOME, and follows no link") {
  fleet::testing::ScratchDir scratch;
  worktree::Slot slot;
  slot.root = scratch.path();
  const std::filesystem::path home = slot.home();
  const std::filesystem::path outside = std::filesystem::path(scratch.path()) / "outside";
  std::filesystem::create_directories(home);
  std::filesystem::create_directories(outside);
  std::ofstream(outside / "config.toml") << "the user's";
  std::filesystem::create_directory_symlink(outside, home / ".codex");

  process::JobSpec job;
  job.env = {"PATH=/usr/bin", "CODEX_HOME=/elsewhere"};
  REQUIRE(flow::adapt(job, agent_of(plan::Adapter::kCodex), slot, "/bin/fleetc", kDesk));

  CHECK(text_of(outside / "config.toml") == "the user's");
  CHECK_FALSE(std::filesystem::is_symlink(home / ".codex"));
  CHECK(text_of(home / ".codex/config.toml").find("FLEET_TOKEN = \"t0ken\"") != std::string::npos);
  struct stat made = {};
  REQUIRE(::stat((home / ".codex/config.toml").c_str(), &made) == 0);
  CHECK((made.st_mode & 0777) == 0600);
  CHECK(job.argv.front() == "codex");
  CHECK(std::ranges::count(job.env, "CODEX_HOME=" + slot.home() + "/.codex") == 1);
  CHECK(std::ranges::count(job.env, "CODEX_HOME=/elsewhere") == 0);
}

TEST_CASE("what the runtime's env says about the CLI itself stands") {
  fleet::testing::ScratchDir scratch;
  worktree::Slot slot;
  slot.root = scratch.path();
  std::filesystem::create_directories(slot.home());
  plan::Agent agent = agent_of(plan::Adapter::kClaude);
  agent.runtime.env = {{"CLAUDE_CODE_MAX_RETRIES", "3"}};
  process::JobSpec job;
  job.env = {"CLAUDE_CODE_MAX_RETRIES=3"};
  REQUIRE(flow::adapt(job, agent, slot, "/bin/fleetc", kDesk));
  CHECK(std::ranges::count(job.env, "CLAUDE_CODE_MAX_RETRIES=3") == 1);
  CHECK(std::ranges::count(job.env, "CLAUDE_CODE_MAX_RETRIES=0") == 0);
}

TEST_CASE("the first words tell an agent how to get its task, and a reviewer what counts") {
  plan::Agent agent = agent_of(plan::Adapter::kClaude);
  CHECK(flow::first_words(agent, "").find("call `task`") != std::string::npos);
  CHECK(flow::first_words(agent, "").find("identity") == std::string::npos);
  agent.identity = {"core"};
  CHECK(flow::first_words(agent, "").find("call `identity`") != std::string::npos);
  agent.returns = plan::Returns::kVerdict;
  CHECK(flow::first_words(agent, "").find("then `verdict`") != std::string::npos);
  CHECK(flow::first_words(agent, "").find("diff.patch") == std::string::npos);
  CHECK(flow::first_words(agent, "/slot/review").find("in the folder /slot/review:") !=
        std::string::npos);
}
