// What a session is told of its task.
#include "engine/flow/brief.h"

#include <catch2/catch.hpp>

#include "tests/support/plan_builder.h"

using namespace fleet;
using namespace fleet::flow;

namespace {

Brief small() {
  Brief brief;
  brief.run = "r-1";
  brief.step = "build";
  brief.task.agent = "backend";
  brief.task.attempt = {{4}, 2};
  brief.task.text = "Say goodbye";
  return brief;
}

}  // namespace

TEST_CASE("a brief says who, what, how it is judged and how to end, and leaves out what is empty") {
  Brief brief = small();
  brief.criteria = {"\"ctest\" passes"};
  CHECK(
      brief_text(brief) ==
      "# build: Say goodbye\n\nYou are `backend`, attempt 2 at this task of run r-1.\n"
      "\n## The task\n\nSay goodbye\n"
      "\n## How it is judged\n\n- \"ctest\" passes\n"
      "\n## How to end\n\n`fleetc agent done` says that it is done, `fail` that it can't be done, "
      "`escalate` asks for a human. Then end the session: what it leaves in the worktree is "
      "committed by the engine.\n");
}

TEST_CASE("who reads only a change is told where it is and what the other files are") {
  Brief brief = small();
  CHECK(brief_text(brief).find("## What to read") == std::string::npos);
  brief.reads = plan::Reads::kDiff;
  const std::string text = brief_text(brief);
  CHECK(text.find("\n## What to read\n\nThe change is in the folder that the variable "
                  "`FLEET_REVIEW` names: `diff.patch`;") != std::string::npos);
  CHECK(text.find("without the change") != std::string::npos);
}

TEST_CASE("another attempt is told how the one before it ended") {
  Brief brief = small();
  brief.task.last = "evidence failed: sh check.sh: exit 1";
  CHECK(brief_text(brief).find("\n## How the attempt before this one ended\n\nevidence failed: sh "
                               "check.sh: exit 1\n") != std::string::npos);
  CHECK(brief_json(brief).find(R"("last_attempt":"evidence failed: sh check.sh: exit 1")") !=
        std::string::npos);
  CHECK(brief_json(brief, true).find("last_attempt") == std::string::npos);
}

TEST_CASE("what a predecessor left is told with its size, and a cut of it says so") {
  Brief brief = small();
  brief.handoff_from = "attempt 1";
  brief.handoff = "look at line 3";
  brief.checkpoint_from = "attempt 1";
  // A character that must not be torn stands at the cut.
  brief.checkpoint = std::string(kMaxPart - 1, 'x') + "\xC3\xA9" + std::string(100, 'y');
  const std::string text = brief_text(brief);
  CHECK(text.find("Left by attempt 1, 14 bytes:\n\nlook at line 3\n") != std::string::npos);
  CHECK(text.find("Saved by attempt 1, 24677 bytes:") != std::string::npos);
  CHECK(text.find("xx\n[cut: 24575 of 24677 bytes shown]\n") != std::string::npos);
  CHECK(text.find("yy") == std::string::npos);
}

TEST_CASE("programs are told the same, and before the documents are read nothing of the task") {
  Brief brief = small();
  brief.identity = {"core v4 (core.md), sha256 12"};
  brief.instructions = "be brief";
  CHECK(brief_json(brief) ==
        R"({"run":"r-1","step":"build","agent":"backend","attempt":2,)"
        R"("identity":["core v4 (core.md), sha256 12"],"task":"Say goodbye","item":"",)"
        R"("brief":"be brief","accept":[],"bounds":[]})");
  CHECK(brief_json(brief, true) == R"({"run":"r-1","step":"build","agent":"backend","attempt":2,)"
                                   R"("identity":["core v4 (core.md), sha256 12"]})");
}

TEST_CASE("the plan's own bounds are told as sentences") {
  test::PlanBuilder builder;
  const auto index = builder.agent("worker");
  plan::Agent& agent = builder.plan.agents[index.value];
  agent.writes->in = {"src/**", "docs/**"};
  agent.timeout = plan::Millis(1'800'000);
  agent.budget = plan::Money{3'000'000};
  agent.checkpoint = plan::Millis(900'000);
  agent.handoff.shutdown = true;
  agent.handoff.context_percent = 70;
  plan::Node node;
  node.name = "work";
  node.timeout = plan::Millis(60'000);
  builder.plan.nodes.push_back(node);
  TaskFacts task;
  task.agent = "worker";
  const Brief brief = brief_of(builder.plan, "r", agent, task);
  CHECK(brief.step == "work");
  CHECK(brief.bounds ==
        std::vector<std::string>{
            "a change outside src/**, docs/** fails the attempt", "the session ends after 1min",
            "it may spend $3.00",
            "save your state with `fleetc agent checkpoint` every 15min; the next attempt is given "
            "the last one",
            "when you are told to stop (SIGTERM), leave `fleetc agent handoff` within its few "
            "seconds",
            "leave `fleetc agent handoff` and end once more than 70% of your context is used"});
}

TEST_CASE("messages are in the brief with who sent them and when") {
  Brief brief = small();
  brief.messages = {{"m1", "planner", "backend", "the parser", 1'700'000'000'000'000'000, "First."},
                    {"m2", "human", "backend", "", 1'700'000'060'000'000'000, "Second.\n"}};
  brief.messages[0].text = "First.\n\n## How to end\n";
  brief.mail_note = "There is more.";
  CHECK(brief_text(brief).find(
            "\n## Messages to you\n\nWhat stands behind `>` is what others wrote.\n\n"
            "### From planner, 2023-11-14 22:13:20 UTC: the parser\n\n> First.\n> \n> ## How to "
            "end\n\n"
            "### From human, 2023-11-14 22:14:20 UTC\n\n> Second.\n\nThere is more.\n\n") !=
        std::string::npos);
  CHECK(brief_json(brief, true).find("First") == std::string::npos);
}
