// Work on a text that nobody waits for any more ends in the middle: between declarations, between
// checks, and inside of a check that searches for long.
#include "dsl/base/stop.h"

#include <string>
#include <vector>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "dsl/lsp/inbox.h"
#include "dsl/lsp/server.h"
#include "tests/support/edited.h"

namespace fleet::lsp {
namespace {

using Json = nlohmann::json;
using testing::MemoryDisk;

constexpr const char* kSlowUri = "file:///w/a.fleet";
const Json kSlowDocument{{"uri", kSlowUri}};

// Each of 200 steps can never start, which F708 finds out by trying all that may become of 14
// others: minutes of work, and none of it is anything but steps of one search.
std::string slow_fleet() {
  std::string runs;
  std::string done;
  std::string never;
  for (int i = 0; i < 14; ++i) {
    runs += "    r" + std::to_string(i) + " = run(\"true\")\n";
    done += (i == 0 ? "r" : " & r") + std::to_string(i) + ".done";
  }
  for (int i = 0; i < 200; ++i)
    never += "    x" + std::to_string(i) + " = run(\"true\") after a.accepted & b.accepted\n";
  return "use std.roles (builder)\n"
         "fleet slow v1 {\n"
         "  repo = git(\".\", base: main)\n"
         "  runtime tool { adapter = shell; command = \"sh tool.sh\"; spawn = 2s }\n"
         "  role worker : builder { runtime = tool; accept = [\"true\" passes] }\n"
         "  agent one : worker { writes = worktree(\"one/{task}\") }\n"
         "  agent two : worker { writes = worktree(\"two/{task}\") }\n"
         "  flow main(task) {\n" +
         runs + "    a = one(task) after " + done + "\n    b = two(task) after " + done +
         "\n    v = any(a, b)\n" + never + "  }\n}\n";
}

// Counts how often it is asked whether to stop, and says so from some time on.
struct Impatient {
  Impatient()
      : server(
            disk, {"1", std::nullopt, ""},
            [this](const std::string& body) { sent.push_back(Json::parse(body)); },
            [this](const std::string&) { return ++asked > patience; },
            [this] { return ++asked > patience ? Waiting::kChange : before; }) {
    handle({{"id", 0}, {"method", "initialize"}, {"params", {{"rootUri", "file:///w"}}}});
    handle({{"method", "initialized"}});
    handle({{"method", "textDocument/didOpen"},
            {"params",
             {{"textDocument", {{"uri", kSlowUri}, {"version", 1}, {"text", slow_fleet()}}}}}});
    sent.clear();
  }

  void handle(Json message) {
    if (!message.contains("params"))
      message["params"] = Json::object();
    server.handle(message.dump());
  }
  // From now on, after so many questions, it is over.
  void wait_for(int questions) {
    asked = 0;
    patience = questions;
  }

  MemoryDisk disk;
  std::vector<Json> sent;
  Waiting before = Waiting::kNothing;  // what waits until then
  int asked = 0;
  int patience = 1'000'000'000;
  Server server;
};

// Well inside of the search: it alone asks more than ten thousand times for one step.
constexpr int kInTheSearch = 5'000;

TEST_CASE("a newer version of the text ends the checks of the older one, which are never told") {
  Impatient client;
  client.wait_for(kInTheSearch);
  CHECK(client.server.work());
  CHECK(client.asked == kInTheSearch + 1);
  CHECK(client.sent.empty());

  client.patience = 1'000'000'000;
  client.handle({{"method", "textDocument/didChange"},
                 {"params",
                  {{"textDocument", {{"uri", kSlowUri}, {"version", 2}}},
                   {"contentChanges", {{{"text", "human a { x = 1 }\n"}}}}}}});
  while (client.server.work())
    continue;
  REQUIRE(client.sent.size() == 1);
  CHECK(client.sent[0]["params"]["version"] == 2);
  CHECK_FALSE(client.sent[0]["params"]["diagnostics"].empty());
}

TEST_CASE("a cancelled request is given up in the middle of a check, and answered as cancelled") {
  Impatient client;
  client.wait_for(kInTheSearch);
  client.handle({{"id", 1},
                 {"method", "textDocument/diagnostic"},
                 {"params", {{"textDocument", kSlowDocument}}}});
  REQUIRE(client.sent.size() == 1);
  CHECK(client.sent[0]["id"] == 1);
  CHECK(client.sent[0]["error"]["code"] == -32800);
  // Once more, when it is answered.
  CHECK(client.asked <= kInTheSearch + 2);
}

TEST_CASE("what needs no check of the fleet does not wait for one") {
  Impatient client;
  client.wait_for(kInTheSearch);
  for (const char* const method :
       {"textDocument/completion", "textDocument/definition", "textDocument/documentSymbol",
        "textDocument/foldingRange", "textDocument/semanticTokens/full"}) {
    CAPTURE(method);
    client.handle(
        {{"id", 1},
         {"method", method},
         {"params",
          {{"textDocument", kSlowDocument}, {"position", {{"line", 5}, {"character", 10}}}}}});
    CHECK(client.sent.back().contains("result"));
  }
}

TEST_CASE("diagnostics give way to a request, and have their turn in the end") {
  Impatient client;
  client.before = Waiting::kRequest;
  client.wait_for(kInTheSearch);
  for (int i = 0; i < 3; ++i) {
    CHECK(client.server.work());
    CHECK(client.asked == i + 1);
  }
  // From then on only a change stops them.
  client.wait_for(kInTheSearch);
  CHECK(client.server.work());
  CHECK(client.asked == kInTheSearch + 1);
}

TEST_CASE("the inbox tells a change that waits from a request, and from nothing") {
  Inbox inbox;
  CHECK(inbox.waiting() == Waiting::kNothing);
  inbox.push(R"({"id":1,"method":"textDocument/hover","params":{}})");
  CHECK(inbox.waiting() == Waiting::kRequest);
  inbox.push(R"({"method":"textDocument/didChange","params":{}})");
  CHECK(inbox.waiting() == Waiting::kChange);
  inbox.push(R"({"method":"$/cancelRequest","params":{"id":1}})");
  CHECK(inbox.is_cancelled("1"));
  inbox.pop(std::chrono::milliseconds(0));
  CHECK(inbox.waiting() == Waiting::kChange);
  inbox.pop(std::chrono::milliseconds(0));
  CHECK(inbox.waiting() == Waiting::kNothing);
  inbox.pop(std::chrono::milliseconds(0));
  CHECK_FALSE(inbox.is_cancelled("1"));
}

}  // namespace
}  // namespace fleet::lsp
