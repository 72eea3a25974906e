// The MCP server as text in, text out.
#include "engine/agent/mcp.h"

#include <catch2/catch.hpp>

using namespace fleet;
using namespace fleet::agent;

namespace {

constexpr const char* kInitialize =
    R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25",)"
    R"("capabilities":{},"clientInfo":{"name":"t","version":"1"}}})";

struct Fixture {
  std::vector<std::pair<Verb, Arguments>> asked;
  Result<Reply> answer = Reply{"", Fault::kNone, "taken", R"({"id":"f-1"})"};
  Mcp mcp{[this](Verb verb, Arguments with) {
            asked.emplace_back(verb, std::move(with));
            return answer;
          },
          "1.2.3"};

  std::string take(std::string_view line) { return mcp.take(line).value_or("nothing"); }
  std::string call(const std::string& tool, const std::string& arguments) {
    return take(R"({"jsonrpc":"2.0","id":5,"method":"tools/call","params":{"name":")" + tool +
                R"(","arguments":)" + arguments + "}}");
  }
};

std::string asks_for(const std::string& version) {
  return R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":")" +
         version + "\"}}";
}

}  // namespace

TEST_CASE("a client is told the protocol, the server and how to use it") {
  Fixture f;
  CHECK(
      f.take(kInitialize)
          .starts_with(
              R"({"jsonrpc":"2.0","id":1,"result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},)"
              R"("serverInfo":{"name":"fleetc","version":"1.2.3"},"instructions":")"));
  CHECK(f.take(R"({"jsonrpc":"2.0","method":"notifications/initialized"})") == "nothing");
  CHECK(f.take(R"({"jsonrpc":"2.0","id":"a","method":"ping"})") ==
        R"({"jsonrpc":"2.0","id":"a","result":{}})");
}

TEST_CASE("an older protocol is spoken where it is known, else the newest is offered") {
  for (const std::string version : {"2025-06-18", "2025-03-26", "2024-11-05"})
    CHECK(Fixture().take(asks_for(version)).find("\"protocolVersion\":\"" + version + "\"") !=
          std::string::npos);
  CHECK(Fixture().take(asks_for("1999-01-01")).find("\"protocolVersion\":\"2025-11-25\"") !=
        std::string::npos);
}

TEST_CASE("the tools are the verbs, without what is between client and engine") {
  Fixture f;
  f.take(kInitialize);
  const std::string tools = f.take(R"({"jsonrpc":"2.0","id":2,"method":"tools/list"})");
  for (const VerbInfo& verb : verbs())
    CHECK(tools.find("{\"name\":\"" + std::string(verb.name) + "\",") != std::string::npos);
  CHECK(tools.find("sha256") == std::string::npos);
  CHECK(
      tools.find(
          R"({"name":"verdict","description":"Gives the verdict of this review; changes_requested )"
          R"(needs a finding first. The last one counts; a finding of severity major or worse after an )"
          R"(approval withdraws that.","inputSchema":{"type":"object","properties":)"
          R"({"verdict":{"type":"string","enum":["approved","changes_requested"],"description":)"
          R"("What the review comes to."},"summary":{"type":"string","description":"Why, in a few )"
          R"(lines."}},"required":["verdict"],"additionalProperties":false}})") !=
      std::string::npos);
}

TEST_CASE("a call of a tool is asked of the engine, and its answer given to the model") {
  Fixture f;
  f.take(kInitialize);
  CHECK(f.call("finding", R"({"title":"x","path":"a.c","line":3})") ==
        R"({"jsonrpc":"2.0","id":5,"result":{"content":[{"type":"text","text":"taken"}],)"
        R"("isError":false}})");
  REQUIRE(f.asked.size() == 1);
  CHECK(f.asked[0].first == Verb::kFinding);
  CHECK(f.asked[0].second == Arguments{{"title", "x"}, {"path", "a.c"}, {"line", "3"}});
}

TEST_CASE("an answer has words alone, which no client can pass over for data") {
  for (const char* protocol : {"2025-11-25", "2025-03-26"}) {
    Fixture f;
    f.take(asks_for(protocol));
    CHECK(f.call("done", "{}").find("structuredContent") == std::string::npos);
  }
}

TEST_CASE(
    "what the engine refuses, and what does not fit, the model is told as an error of the tool") {
  Fixture f;
  f.take(kInitialize);
  f.answer = refusal("", Fault::kRefused, "not now");
  const std::string refused = f.call("task", "{}");
  CHECK(refused.find(R"("text":"not now"}],"isError":true)") != std::string::npos);
  f.answer = Error(Errc::kTimeout, "no engine");
  CHECK(f.call("task", "{}").find(R"("text":"no engine"}],"isError":true)") != std::string::npos);
  f.asked.clear();
  CHECK(f.call("finding", "{}").find("finding needs `title`") != std::string::npos);
  CHECK(f.call("finding", R"({"title":7})").find("`title` of finding must be a string") !=
        std::string::npos);
  CHECK(f.call("identity", R"({"read":"core"})").find("identity has no `read`") !=
        std::string::npos);
  CHECK(f.asked.empty());
}

TEST_CASE("what is no message of JSON-RPC is answered by the error that the standard has for it") {
  Fixture f;
  const auto code = [&](std::string_view line, const char* wanted) {
    const std::string answer = f.take(line);
    CAPTURE(line, answer);
    CHECK(answer.find("\"error\":{\"code\":" + std::string(wanted) + ",") != std::string::npos);
  };
  code("{", "-32700");
  code("\xFF", "-32700");
  code("7", "-32600");
  code("[]", "-32600");
  code(R"({"id":1,"method":"ping"})", "-32600");
  code(R"({"jsonrpc":"2.0","id":{},"method":"ping"})", "-32600");
  code(R"({"jsonrpc":"2.0","id":1})", "-32600");
  code(R"({"jsonrpc":"2.0","id":1,"method":"tools/list"})", "-32600");  // not initialized
  code(R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{}})", "-32602");
  code(R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":[]})", "-32602");
  f.take(kInitialize);
  code(R"({"jsonrpc":"2.0","id":1,"method":"resources/list"})", "-32601");
  code(R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"nothing"}})", "-32602");
  code(R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"task","arguments":[]}})",
       "-32602");
  code(R"([{"jsonrpc":"2.0","id":1,"method":"ping"}])", "-32600");
  code(std::string(Mcp::kMaxLine, '['), "-32700");
  CHECK(f.take("") == "nothing");
  CHECK(f.take(R"({"jsonrpc":"2.0","id":1,"result":{}})") == "nothing");
  CHECK(
      f.take(R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}})") ==
      "nothing");
}

TEST_CASE("the one protocol that has batches is answered in batches") {
  Fixture f;
  f.take(asks_for("2025-03-26"));
  CHECK(
      f.take(R"([{"jsonrpc":"2.0","id":1,"method":"ping"},{"jsonrpc":"2.0","method":"x"},7])") ==
      R"([{"jsonrpc":"2.0","id":1,"result":{}},)"
      R"({"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"a message is an object"}}])");
  CHECK(f.take(R"([{"jsonrpc":"2.0","method":"x"}])") == "nothing");
}
