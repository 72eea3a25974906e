// The protocol: one message in, messages out, without streams.
#include "dsl/lsp/server.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tests/support/edited.h"

namespace fleet::lsp {
namespace {

using Json = nlohmann::json;
using testing::kShip;
using testing::MemoryDisk;

constexpr const char* kUri = "file:///w/a.fleet";

struct Client {
  Client()
      : server(
            disk, {"1", std::nullopt, ""},
            [this](const std::string& body) { sent.push_back(Json::parse(body)); },
            [this](const std::string& id) { return cancelled == id; }) {
    disk.texts = {{"/w/roles.fleet", std::string(testing::kRoles)},
                  {"/w/identity/core.md", std::string(testing::kCore)}};
  }

  Json request(const std::string& method, const Json& params) {
    const int id = ++last;
    server.handle(
        Json{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}, {"params", params}}.dump());
    REQUIRE_FALSE(sent.empty());
    REQUIRE(sent.back()["id"] == id);
    return sent.back();
  }
  void notify(const std::string& method, const Json& params) {
    server.handle(Json{{"jsonrpc", "2.0"}, {"method", method}, {"params", params}}.dump());
  }
  void quiet() {
    while (server.work())
      continue;
  }
  void begin(const Json& capabilities = Json::object()) {
    request("initialize",
            {{"processId", nullptr}, {"rootUri", "file:///w"}, {"capabilities", capabilities}});
    notify("initialized", Json::object());
  }
  void open(std::string_view text, const std::string& uri = kUri) {
    notify("textDocument/didOpen",
           {{"textDocument",
             {{"uri", uri}, {"languageId", "fleet"}, {"version", 1}, {"text", text}}}});
  }
  void change(int version, const Json& changes) {
    notify("textDocument/didChange",
           {{"textDocument", {{"uri", kUri}, {"version", version}}}, {"contentChanges", changes}});
  }
  // The diagnostics that were published last for the document.
  Json published(const std::string& uri = kUri) const {
    Json found;
    for (const Json& one : sent) {
      if (one.value("method", "") == "textDocument/publishDiagnostics" &&
          one["params"]["uri"] == uri)
        found = one["params"];
    }
    return found;
  }

  MemoryDisk disk;
  std::vector<Json> sent;
  std::string cancelled;
  Server server;
  int last = 0;
};

Json at(int line, int character) {
  return {{"textDocument", {{"uri", kUri}}},
          {"position", {{"line", line}, {"character", character}}}};
}

TEST_CASE("nothing is answered before initialize or after shutdown, and exit says how it went") {
  Client client;
  CHECK(client.request("textDocument/hover", at(0, 0))["error"]["code"] == -32002);
  client.begin();
  CHECK(client.request("initialize", Json::object())["error"]["code"] == -32600);
  CHECK(client.request("shutdown", nullptr)["result"].is_null());
  CHECK(client.request("textDocument/hover", at(0, 0))["error"]["code"] == -32600);
  CHECK_FALSE(client.server.exit_code());
  client.notify("exit", nullptr);
  CHECK(client.server.exit_code() == 0);

  Client rude;
  rude.begin();
  rude.notify("exit", nullptr);
  CHECK(rude.server.exit_code() == 1);
}

TEST_CASE("bytes that are no request get an error, and the session goes on") {
  Client client;
  client.begin();
  for (const char* const body : {"", "{", "[]", "3", "\xFF", "{\"id\":{},\"method\":\"x\"}",
                                 "{\"id\":1}x", "{\"method\":3,\"id\":1}"}) {
    INFO(body);
    const std::size_t before = client.sent.size();
    client.server.handle(body);
    REQUIRE(client.sent.size() == before + 1);
    CHECK(client.sent.back()["error"]["code"].get<int>() < -32599);
  }
  client.server.handle(R"({"id":5,"result":null})");  // an answer of the client's
  client.notify("textDocument/didOpen", {{"textDocument", 3}});
  client.notify("no/such", nullptr);
  CHECK(client.request("no/such", nullptr)["error"]["code"] == -32601);
  const auto fault = [&](const Json& params) {
    const Json error = client.request("textDocument/hover", params)["error"];
    CHECK(error["code"] == -32602);
    return error["message"].get<std::string>();
  };
  const Json here{{"uri", "file:///w/a.fleet"}};
  const std::string kinds =
      "the parameters of `textDocument/hover` are not of the kinds that the protocol gives them";
  CHECK(fault(nullptr) == kinds);
  CHECK(fault(Json::array()) == kinds);
  CHECK(fault({{"textDocument", 1}, {"position", 2}}) == kinds);
  CHECK(fault({{"textDocument", here}, {"position", {{"line", "x"}, {"character", 0}}}}) == kinds);
  CHECK(fault({{"textDocument", here}}) ==
        "the parameters of `textDocument/hover` have no `position`");
  CHECK(fault(Json::object()) == "the parameters of `textDocument/hover` have no `textDocument`");
  CHECK(client
            .request("textDocument/hover", {{"textDocument", {{"uri", kUri}}},
                                            {"position", {{"line", -1}, {"character", 1e99}}}})
            .contains("error") == false);
  client.open(kShip);
  CHECK(client.request("textDocument/hover", at(5, 3))["result"].is_object());
}

TEST_CASE("utf-8 positions are used if the client knows them, else utf-16") {
  Client wide;
  wide.begin({{"general", {{"positionEncodings", {"utf-16", "utf-8"}}}}});
  CHECK(wide.sent.front()["result"]["capabilities"]["positionEncoding"] == "utf-8");
  Client narrow;
  narrow.begin({{"general", {{"positionEncodings", {"utf-32", "utf-16"}}}}});
  CHECK(narrow.sent.front()["result"]["capabilities"]["positionEncoding"] == "utf-16");

  const std::string text = "human ann { notify = command(\"\xF0\x9F\x9A\x80\"); answer = 8h }\n";
  for (auto [client, column] : {std::pair(&wide, 38), std::pair(&narrow, 36)}) {
    client->open(text);
    client->quiet();
    const Json found = client->published()["diagnostics"];
    REQUIRE_FALSE(found.empty());
    CHECK(found[0]["range"]["start"]["character"] == column);
  }
}

TEST_CASE("a mistake is published with code, explanation, related places and the text's version") {
  Client client;
  client.begin();
  client.open("human a {}\nhuman a {}\n");
  client.quiet();
  const Json one = client.published();
  CHECK(one["version"] == 1);
  REQUIRE(one["diagnostics"].size() == 1);
  CHECK(one["diagnostics"][0]["code"] == "F107");
  CHECK(one["diagnostics"][0]["codeDescription"]["href"] == "fleet:///explain/F107.md");
  CHECK(one["diagnostics"][0]["relatedInformation"][0]["location"]["range"]["start"]["line"] == 0);
  client.change(2, Json::array({{{"range",
                                  {{"start", {{"line", 1}, {"character", 6}}},
                                   {"end", {{"line", 1}, {"character", 7}}}}},
                                 {"text", "b"}}}));
  client.quiet();
  CHECK(client.published()["version"] == 2);
  CHECK(client.published()["diagnostics"].empty());
}

TEST_CASE("several changes in a row are checked once") {
  Client client;
  client.begin();
  client.open("human a {}\n");
  client.quiet();
  client.sent.clear();
  for (int version = 2; version < 12; ++version)
    client.change(version,
                  Json::array({{{"text", "human a { x = " + std::to_string(version) + " }\n"}}}));
  client.quiet();
  REQUIRE(client.sent.size() == 1);
  CHECK(client.published()["version"] == 11);
}

TEST_CASE("an unsaved import is what counts, and closing it shows the file again") {
  Client client;
  client.begin();
  client.open(kShip);
  client.quiet();
  CHECK(client.published()["diagnostics"].empty());
  client.open("role mason {}\n", "file:///w/roles.fleet");
  client.quiet();
  REQUIRE_FALSE(client.published()["diagnostics"].empty());
  CHECK(client.published()["diagnostics"][0]["code"] == "F101");
  client.notify("textDocument/didClose", {{"textDocument", {{"uri", "file:///w/roles.fleet"}}}});
  client.quiet();
  CHECK(client.published()["diagnostics"].empty());
}

TEST_CASE("fleets of the folder that are not open are checked too, and forgotten when they go") {
  Client client;
  client.disk.texts["/w/old.fleet"] = "human a { x = 1 }\n";
  client.begin();
  client.quiet();
  CHECK(client.published("file:///w/old.fleet")["diagnostics"].size() == 1);
  client.disk.texts.erase("/w/old.fleet");
  client.notify("workspace/didChangeWatchedFiles", {{"changes", Json::array()}});
  client.quiet();
  CHECK(client.published("file:///w/old.fleet")["diagnostics"].empty());
}

TEST_CASE("a document that was never saved is answered for, and leaves nothing behind") {
  Client client;
  client.begin();
  client.open("human a { x = 1 }\n", "untitled:one");
  client.quiet();
  CHECK(client.published("untitled:one")["diagnostics"].size() == 1);
  client.notify("textDocument/didClose", {{"textDocument", {{"uri", "untitled:one"}}}});
  client.quiet();
  CHECK(client.published("untitled:one")["diagnostics"].empty());
}

TEST_CASE("a cancelled request is answered as cancelled") {
  Client client;
  client.begin();
  client.open(kShip);
  client.cancelled = std::to_string(client.last + 1);
  CHECK(client.request("textDocument/references", at(5, 3))["error"]["code"] == -32800);
  CHECK(client.request("textDocument/hover", at(5, 3)).contains("result"));
}

TEST_CASE(
    "a client that asks for diagnostics gets them when it asks, and what it has is not sent "
    "again") {
  Client client;
  client.begin({{"textDocument", {{"diagnostic", Json::object()}}}});
  client.open("human a { x = 1 }\n");
  client.quiet();
  CHECK(client.published().is_null());
  const Json params{{"textDocument", {{"uri", kUri}}}};
  const Json full = client.request("textDocument/diagnostic", params)["result"];
  CHECK(full["kind"] == "full");
  CHECK(full["items"].size() == 1);
  Json again = params;
  again["previousResultId"] = full["resultId"];
  CHECK(client.request("textDocument/diagnostic", again)["result"]["kind"] == "unchanged");
  const Json all = client.request("workspace/diagnostic", {{"previousResultIds", Json::array()}});
  CHECK(all["result"]["items"].size() == 2);
}

TEST_CASE("token deltas add up to the tokens") {
  Client client;
  client.begin();
  client.open(kShip);
  const Json document{{"textDocument", {{"uri", kUri}}}};
  const Json full = client.request("textDocument/semanticTokens/full", document)["result"];
  auto data = full["data"].get<std::vector<std::uint32_t>>();
  client.change(2, Json::array({{{"range",
                                  {{"start", {{"line", 8}, {"character", 0}}},
                                   {"end", {{"line", 8}, {"character", 0}}}}},
                                 {"text", "  hooks = on\n"}}}));
  Json asked = document;
  asked["previousResultId"] = full["resultId"];
  const Json delta = client.request("textDocument/semanticTokens/full/delta", asked)["result"];
  for (const Json& edit : delta["edits"]) {
    const auto begin = data.begin() + edit["start"].get<std::ptrdiff_t>();
    const auto added = edit["data"].get<std::vector<std::uint32_t>>();
    const auto place = data.erase(begin, begin + edit["deleteCount"].get<std::ptrdiff_t>());
    data.insert(place, added.begin(), added.end());
    CHECK(added.size() < data.size() / 4);
  }
  const Json now = client.request("textDocument/semanticTokens/full", document)["result"];
  CHECK(now["data"].get<std::vector<std::uint32_t>>() == data);
}

TEST_CASE("every request has an answer at every place of a fleet") {
  Client client;
  client.begin();
  client.open(kShip);
  for (const char* const method :
       {"hover", "completion", "signatureHelp", "definition", "typeDefinition", "references",
        "documentHighlight", "prepareRename", "prepareCallHierarchy", "onTypeFormatting"}) {
    for (int line = 0; line < 46; line += 3) {
      Json params = at(line, 9);
      params["ch"] = "\n";
      const Json answer = client.request(std::string("textDocument/") + method, params);
      INFO(method << " " << answer.dump());
      CHECK((answer.contains("result") || answer["error"]["code"] == -32803));
    }
  }
  Json all{
      {"textDocument", {{"uri", kUri}}},
      {"range",
       {{"start", {{"line", 0}, {"character", 0}}}, {"end", {{"line", 99}, {"character", 0}}}}},
      {"positions", Json::array({{{"line", 9}, {"character", 4}}})},
      {"context", {{"diagnostics", Json::array()}}},
      {"options", Json::object()}};
  for (const char* const method :
       {"documentSymbol", "foldingRange", "selectionRange", "semanticTokens/full",
        "semanticTokens/range", "inlayHint", "codeAction", "codeLens", "documentLink", "formatting",
        "rangeFormatting"}) {
    const Json answer = client.request(std::string("textDocument/") + method, all);
    INFO(method << " " << answer.dump());
    CHECK(answer["result"].is_structured());
  }
}

TEST_CASE("the documentation of a completed name comes when it is asked for") {
  Client client;
  client.begin();
  client.open(kShip);
  const Json found = client.request("textDocument/completion", at(30, 16))["result"]["items"];
  for (const Json& item : found) {
    if (item["label"] != "backend")
      continue;
    CHECK_FALSE(item.contains("documentation"));
    const Json resolved = client.request("completionItem/resolve", item)["result"];
    CHECK(resolved["documentation"]["value"].get<std::string>().find("Builds what is asked for.") !=
          std::string::npos);
    return;
  }
  FAIL("no `backend` in " << found.dump());
}

TEST_CASE("texts that are too large, too deep, one long line or no text at all are answered for") {
  std::string crowd = "fleet a {";
  for (int i = 0; i < 1'000; ++i)
    crowd += " x" + std::to_string(i) + " = \"\xC3\xA9{b}\";";
  for (const std::string& text : {std::string(3U << 20U, 'x'), std::string(100'000, '['),
                                  std::string(50'000, '{'), crowd, std::string("\0\x01\x7F", 3)}) {
    Client client;
    client.begin();
    client.open(text);
    client.quiet();
    CHECK_FALSE(client.published()["diagnostics"].empty());
    for (const char* const method : {"hover", "completion", "documentSymbol", "foldingRange",
                                     "semanticTokens/full", "formatting", "codeLens"}) {
      Json params = at(0, 70);
      params["options"] = Json::object();
      CHECK(client.request(std::string("textDocument/") + method, params).contains("result"));
    }
  }
}

TEST_CASE("the graph names the place of each step, and the cost its terms") {
  Client client;
  client.begin();
  client.open(kShip);
  const Json document{{"textDocument", {{"uri", kUri}}}, {"format", "mermaid"}};
  const Json graph = client.request("fleet/graph", document)["result"];
  CHECK(graph["flow"] == "ship");
  CHECK(graph["text"].get<std::string>().find("flowchart") != std::string::npos);
  CHECK(graph["nodes"].size() > 8);
  CHECK(graph["nodes"][0]["range"]["start"]["line"] == 30);
  const Json cost = client.request("fleet/worstCase", document)["result"];
  CHECK(cost["micros"] == 14'000'000);
  CHECK(cost["rows"].size() == 3);
  CHECK(client.request("fleet/explain", {{"what", "F302"}})["result"]["markdown"]
            .get<std::string>()
            .starts_with("# F302"));
  Json value = document;
  value["what"] = "agent.backend.runtime";
  CHECK(client.request("fleet/explain", value)["result"]["markdown"].get<std::string>().find(
            "defaults") != std::string::npos);
  CHECK(
      client
          .request("fleet/source", {{"uri", "fleet:///std/roles/builder.fleet"}})["result"]["text"]
          .get<std::string>()
          .find("role builder") != std::string::npos);
}

}  // namespace
}  // namespace fleet::lsp
