// What a session may say, and what makes a fact of it.
#include "engine/flow/seat.h"

#include <catch2/catch.hpp>

#include "dsl/plan/codec.h"

using namespace fleet;
using namespace fleet::flow;
using agent::Arguments;
using agent::Verb;

namespace {

const run::Attempt kAttempt{{3}, 2};

IdentityDocument document(const std::string& name) {
  return {name, 4, "sha of " + name, "# " + name + "\n"};
}

SeatFacts facts(plan::Returns returns = plan::Returns::kDone,
                std::vector<IdentityDocument> documents = {}) {
  return {kAttempt, returns, std::move(documents), "the brief", R"({"task":"t"})", false};
}

Seat::Said say(Seat& seat, Verb verb, Arguments with = {}) {
  return seat.take({"1", "token", verb, std::move(with)});
}

// Said and durable.
agent::Reply hear(Seat& seat, Verb verb, Arguments with = {}) {
  return say(seat, verb, std::move(with)).reply;
}

}  // namespace

TEST_CASE("the task is refused until every document was read, in order") {
  Seat seat(facts(plan::Returns::kDone, {document("core"), document("eng")}));
  const std::string wall =
      "task is refused until this session has read core@v4, eng@v4; `identity` gives the next "
      "document";
  CHECK(hear(seat, Verb::kTask).text == wall);
  CHECK(hear(seat, Verb::kDone).fault == agent::Fault::kRefused);
  const auto first = say(seat, Verb::kIdentity);
  CHECK(first.reply.text ==
        "--- identity core v4, document 1 of 2, sha256 sha of core ---\n# core\n");
  CHECK(first.reply.data ==
        R"({"document":{"name":"core","version":4,"sha256":"sha of core"},"left":2})");
  CHECK_FALSE(first.event);
  // Only what has arrived is read.
  CHECK(hear(seat, Verb::kTask).text == wall);
  CHECK(hear(seat, Verb::kIdentity, {{"read", "eng"}, {"sha256", "sha of eng"}}).text ==
        "core comes before eng");
  CHECK(hear(seat, Verb::kIdentity, {{"read", "core"}, {"sha256", "made up"}}).fault ==
        agent::Fault::kRefused);
  const auto read = say(seat, Verb::kIdentity, {{"read", "core"}, {"sha256", "sha of core"}});
  REQUIRE(read.event);
  CHECK(std::get<run::IdentityRead>(*read.event) ==
        run::IdentityRead{kAttempt, "core", 4, "sha of core"});
  CHECK(hear(seat, Verb::kIdentity).text.starts_with("--- identity eng v4, document 2 of 2"));
  CHECK(hear(seat, Verb::kIdentity, {{"read", "eng"}, {"sha256", "sha of eng"}}).ok());
  CHECK(hear(seat, Verb::kIdentity).text == "Every identity document is read.");
  const auto task = say(seat, Verb::kTask);
  CHECK(task.reply.text == "the brief");
  CHECK(std::get<run::TaskTaken>(*task.event) == run::TaskTaken{kAttempt});
}

TEST_CASE("what can't wait for reading does not") {
  Seat seat(facts(plan::Returns::kDone, {document("core")}));
  CHECK(hear(seat, Verb::kEscalate, {{"why", "the document asks for the impossible"}}).ok());
  CHECK(hear(seat, Verb::kCheckpoint, {{"text", "so far"}}).ok());
  CHECK(hear(seat, Verb::kFail, {{"why", "no"}}).ok());
}

TEST_CASE("an agent without documents has its task at once, and as often as it asks") {
  Seat seat(facts());
  CHECK(say(seat, Verb::kTask).event);
  const auto again = say(seat, Verb::kTask);
  CHECK(again.reply.text == "the brief");
  CHECK_FALSE(again.event);
}

TEST_CASE("changes are not requested without saying which") {
  Seat seat(facts(plan::Returns::kVerdict));
  CHECK(hear(seat, Verb::kDone).text == "this review has no verdict yet; `verdict` gives it");
  const Arguments verdict = {{"verdict", "changes_requested"}, {"summary", "see there"}};
  CHECK(hear(seat, Verb::kVerdict, verdict).fault == agent::Fault::kRefused);
  CHECK(hear(seat, Verb::kFinding, {{"title", "x"}}).ok());
  const auto given = say(seat, Verb::kVerdict, verdict);
  CHECK(given.reply.text == "verdict changes_requested, 1 finding");
  CHECK(std::get<run::VerdictGiven>(*given.event) ==
        run::VerdictGiven{kAttempt, run::Verdict::kChangesRequested, "see there"});
  CHECK(hear(seat, Verb::kDone).ok());
}

TEST_CASE("a major finding after an approval withdraws it, and the verdict is given again") {
  Seat seat(facts(plan::Returns::kVerdict));
  CHECK(hear(seat, Verb::kVerdict, {{"verdict", "approved"}}).ok());
  CHECK(hear(seat, Verb::kFinding, {{"title", "Odd"}, {"severity", "minor"}})
            .text.find("withdraws") == std::string::npos);
  CHECK_FALSE(say(seat, Verb::kVerdict, {{"verdict", "approved"}}).event);
  CHECK(hear(seat, Verb::kFinding, {{"title", "A hole"}, {"severity", "major"}})
            .text.find("withdraws the approval") != std::string::npos);
  CHECK(hear(seat, Verb::kDone).text == "this review has no verdict yet; `verdict` gives it");
  CHECK(say(seat, Verb::kVerdict, {{"verdict", "approved"}}).event);
}

TEST_CASE("who judges cold is not told what was before") {
  SeatFacts cold = facts(plan::Returns::kVerdict);
  cold.cold = true;
  Seat seat(std::move(cold));
  CHECK(hear(seat, Verb::kSync).fault == agent::Fault::kRefused);
  Seat other(facts());
  CHECK(say(other, Verb::kSync).sync);
}

TEST_CASE("what nobody would read is refused") {
  Seat seat(facts(plan::Returns::kDone));
  CHECK(hear(seat, Verb::kVerdict, {{"verdict", "approved"}}).fault == agent::Fault::kRefused);
  CHECK(hear(seat, Verb::kFinding, {{"title", "x"}}).fault == agent::Fault::kRefused);
  Seat report(facts(plan::Returns::kReport));
  CHECK(hear(report, Verb::kFinding, {{"title", "x"}}).ok());
  CHECK(hear(report, Verb::kDone).ok());
}

TEST_CASE("a finding's id is drawn from what it says and not from where lines have moved to") {
  Seat seat(facts(plan::Returns::kVerdict));
  const auto first =
      say(seat, Verb::kFinding, {{"title", " No  check "}, {"path", "./src//a.c"}, {"line", "3"}});
  const auto moved =
      say(seat, Verb::kFinding,
          {{"title", "No check"}, {"path", "src/a.c"}, {"line", "9"}, {"severity", "critical"}});
  const auto& before = std::get<run::FindingFiled>(*first.event).finding;
  const auto& after = std::get<run::FindingFiled>(*moved.event).finding;
  CHECK(before.id == after.id);
  CHECK(before.path == "src/a.c");
  CHECK(before.severity == run::Severity::kMajor);
  CHECK(after.severity == run::Severity::kCritical);
  CHECK(before.id.size() == 12);
  CHECK(before.id.starts_with("f-"));
  CHECK(first.reply.data == "{\"id\":\"" + before.id + "\"}");
  const auto other = say(seat, Verb::kFinding, {{"title", "No check"}, {"path", "src/b.c"}});
  CHECK(std::get<run::FindingFiled>(*other.event).finding.id != before.id);
}

TEST_CASE("a finding is about this repository") {
  Seat seat(facts(plan::Returns::kVerdict));
  for (const std::string path : {"/etc/passwd", "../x", "a/../../x"})
    CHECK(hear(seat, Verb::kFinding, {{"title", "x"}, {"path", path}}).text ==
          "`path` of finding must be a path inside the repository, from its top");
  CHECK(hear(seat, Verb::kFinding, {{"title", "x"}, {"line", "3"}}).text ==
        "`line` of finding needs `path`");
  CHECK(hear(seat, Verb::kFinding, {{"title", " "}}).text == "`title` of finding is empty");
}

TEST_CASE("what is said twice is a fact once, as soon as it can't be lost any more") {
  Seat seat(facts(plan::Returns::kVerdict));
  const Arguments finding = {{"title", "x"}};
  {
    const auto first = say(seat, Verb::kFinding, finding);
    REQUIRE(first.event);
    // Not durable yet: the answer to the second waits for an event too.
    CHECK(say(seat, Verb::kFinding, finding).event);
  }
  const auto later = say(seat, Verb::kFinding, finding);
  CHECK(later.reply.ok());
  CHECK_FALSE(later.event);
  CHECK(say(seat, Verb::kVerdict, {{"verdict", "approved"}}).event);
  CHECK_FALSE(say(seat, Verb::kVerdict, {{"verdict", "approved"}}).event);
  CHECK(say(seat, Verb::kDone, {{"summary", "s"}}).event);
  CHECK_FALSE(say(seat, Verb::kDone, {{"summary", "s"}}).event);
  CHECK(say(seat, Verb::kEscalate, {{"why", "w"}}).event);
  CHECK_FALSE(say(seat, Verb::kEscalate, {{"why", "w"}}).event);
}

TEST_CASE("the next engine knows what was said to the last one") {
  run::Task task;
  task.read = {"core"};
  task.taken = true;
  task.findings = {{"f-1", run::Severity::kMajor, "", "", 0, "x", ""}};
  task.findings[0].id = finding_id(task.findings[0]);
  task.verdict = run::Verdict::kChangesRequested;
  task.summary = "s";
  task.asks_human = "w";
  task.checkpoints = 4;
  Seat seat(facts(plan::Returns::kVerdict, {document("core")}), task, plan::sha256("four"));
  CHECK_FALSE(say(seat, Verb::kTask).event);
  CHECK_FALSE(say(seat, Verb::kFinding, {{"title", "x"}}).event);
  CHECK_FALSE(
      say(seat, Verb::kVerdict, {{"verdict", "changes_requested"}, {"summary", "s"}}).event);
  CHECK_FALSE(say(seat, Verb::kEscalate, {{"why", "w"}}).event);
  CHECK_FALSE(say(seat, Verb::kCheckpoint, {{"text", "four"}}).event);
  const auto note = say(seat, Verb::kCheckpoint, {{"text", "more"}});
  CHECK(std::get<run::NoteSaved>(*note.event).number == 5);
}

TEST_CASE("notes are numbered, and the same note again is no other") {
  Seat seat(facts());
  const auto first = say(seat, Verb::kHandoff, {{"text", "one"}});
  CHECK(first.note == "one");
  const auto& event = std::get<run::NoteSaved>(*first.event);
  CHECK(event.kind == run::NoteKind::kHandoff);
  CHECK(event.number == 1);
  CHECK(event.bytes == 3);
  CHECK(std::get<run::NoteSaved>(*say(seat, Verb::kCheckpoint, {{"text", "one"}}).event).number ==
        1);
  const auto again = say(seat, Verb::kHandoff, {{"text", "one"}});
  CHECK(std::get<run::NoteSaved>(*again.event).number == 1);
  CHECK(again.note.empty());
  CHECK(std::get<run::NoteSaved>(*say(seat, Verb::kHandoff, {{"text", "two"}}).event).number == 2);
}

TEST_CASE("a note that could not be stored is none") {
  Seat seat(facts());
  say(seat, Verb::kCheckpoint, {{"text", "one"}});
  const auto lost = say(seat, Verb::kCheckpoint, {{"text", "two"}});
  seat.not_stored(std::get<run::NoteSaved>(*lost.event));
  const auto again = say(seat, Verb::kCheckpoint, {{"text", "two"}});
  CHECK(again.note == "two");
  CHECK(std::get<run::NoteSaved>(*again.event).number == 2);
}

TEST_CASE("a session in a loop can't fill the journal") {
  Seat seat(facts(plan::Returns::kVerdict));
  int filed = 0;
  while (say(seat, Verb::kFinding, {{"title", std::to_string(filed)}}).event)
    REQUIRE(++filed <= 1'000);
  CHECK(filed == 200);
  int said = filed;
  while (say(seat, Verb::kEscalate, {{"why", std::to_string(said)}}).event)
    REQUIRE(++said <= 10'000);
  CHECK(said == 1'000);
}

TEST_CASE("a message goes to an agent that reads messages, and to nobody else") {
  SeatFacts open = facts();
  open.peers = {"builder", "fixer"};
  Seat seat(open);
  const auto said =
      say(seat, Verb::kSend, {{"to", "fixer"}, {"text", "look"}, {"subject", " a  b "}});
  REQUIRE(said.outgoing);
  CHECK(said.outgoing->to == "fixer");
  CHECK(said.outgoing->text == "look");
  CHECK(said.outgoing->subject == "a b");
  CHECK_FALSE(said.event);
  const auto refused = say(seat, Verb::kSend, {{"to", "reviewer"}, {"text", "look"}});
  CHECK_FALSE(refused.outgoing);
  CHECK(refused.reply.text ==
        "no agent that reads messages is called `reviewer`; there is builder, fixer");
  CHECK(say(seat, Verb::kInbox).inbox);
}

TEST_CASE("a session that sends in a loop is stopped") {
  SeatFacts open = facts();
  open.peers = {"fixer"};
  Seat seat(open);
  for (int i = 0; i < 200; ++i)
    REQUIRE(say(seat, Verb::kSend, {{"to", "fixer"}, {"text", std::to_string(i)}}).outgoing);
  CHECK(say(seat, Verb::kSend, {{"to", "fixer"}, {"text", "one more"}}).reply.text ==
        "this session has sent 200 messages; it may send no more");
}

TEST_CASE("who judges a change neither sends nor reads messages") {
  SeatFacts cold = facts(plan::Returns::kVerdict);
  cold.cold = true;
  cold.peers = {"builder"};
  Seat seat(cold);
  CHECK(hear(seat, Verb::kSend, {{"to", "builder"}, {"text", "t"}}).fault ==
        agent::Fault::kRefused);
  CHECK(hear(seat, Verb::kInbox).fault == agent::Fault::kRefused);
}
