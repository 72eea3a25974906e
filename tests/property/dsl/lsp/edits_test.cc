// Random edits: whatever is done to a text, the server answers, and what it knows of the text is
// what it would know had it been opened like that.
#include <random>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "dsl/lsp/position.h"
#include "dsl/lsp/server.h"
#include "tests/support/edited.h"

namespace fleet::lsp {
namespace {

using Json = nlohmann::json;
using testing::kShip;
using testing::MemoryDisk;

constexpr const char* kUri = "file:///w/a.fleet";

class Editor {
 public:
  explicit Editor(bool utf8)
      : server_(disk_, {"1", std::nullopt, ""},
                [this](const std::string& body) { sent_.push_back(Json::parse(body)); }) {
    disk_.texts = {{"/w/roles.fleet", std::string(testing::kRoles)}};
    const Json encodings = utf8 ? Json::array({"utf-8"}) : Json::array({"utf-16"});
    request("initialize", {{"rootUri", "file:///w"},
                           {"capabilities", {{"general", {{"positionEncodings", encodings}}}}}});
    notify("initialized", Json::object());
  }

  Json request(const std::string& method, const Json& params) {
    server_.handle(Json{{"id", 1}, {"method", method}, {"params", params}}.dump());
    REQUIRE(sent_.back()["id"] == 1);
    return sent_.back();
  }
  void notify(const std::string& method, const Json& params) {
    server_.handle(Json{{"method", method}, {"params", params}}.dump());
  }
  void open(const std::string& text) {
    notify("textDocument/didOpen",
           {{"textDocument", {{"uri", kUri}, {"version", 1}, {"text", text}}}});
  }
  Json published() {
    while (server_.work())
      continue;
    Json found = Json::array();
    for (const Json& one : sent_) {
      if (one.contains("params") && one["params"].value("uri", "") == kUri)
        found = one["params"]["diagnostics"];
    }
    return found;
  }
  void forget() { sent_.clear(); }

 private:
  MemoryDisk disk_;
  std::vector<Json> sent_;
  Server server_;
};

class Edits {
 public:
  Edits(unsigned seed, Encoding encoding) : random_(seed), encoding_(encoding) {}

  const std::string& text() const { return text_; }

  // A range of the text and what replaces it, as the client would say it; applied to the text.
  Json change() {
    const LineTable lines(text_);
    std::uint32_t begin = place();
    std::uint32_t end = std::min<std::uint32_t>(begin + below(chance(4) ? 60 : 6), size());
    // Characters are whole: an editor has no half ones.
    const Position from = lines.position(text_, begin, encoding_);
    const Position to = lines.position(text_, end, encoding_);
    begin = lines.offset(text_, from, encoding_);
    end = lines.offset(text_, to, encoding_);
    const std::string added = piece();
    text_.replace(begin, end - begin, added);
    return {{"range",
             {{"start", {{"line", from.line}, {"character", from.character}}},
              {"end", {{"line", to.line}, {"character", to.character}}}}},
            {"text", added}};
  }

  Json position() {
    const Position at = LineTable(text_).position(text_, place(), encoding_);
    return {{"line", at.line}, {"character", at.character}};
  }

  std::uint32_t below(std::size_t n) {
    return static_cast<std::uint32_t>(random_() % std::max<std::size_t>(n, 1));
  }
  bool chance(int one_in) { return below(static_cast<std::size_t>(one_in)) == 0; }

 private:
  std::uint32_t size() const { return static_cast<std::uint32_t>(text_.size()); }
  std::uint32_t place() { return below(text_.size() + 1); }

  std::string piece() {
    static const std::vector<std::string> kPieces{"",
                                                  "",
                                                  "",
                                                  " ",
                                                  "\n",
                                                  "\r\n",
                                                  "\r",
                                                  "{",
                                                  "}",
                                                  "(",
                                                  ")",
                                                  "[",
                                                  "]",
                                                  "\"",
                                                  "\"\"\"",
                                                  "{task}",
                                                  "{",
                                                  "after ",
                                                  "build.",
                                                  "fanout x in ",
                                                  "loop until a.done max 2 {",
                                                  "\xC3\xA9",
                                                  "\xF0\x9F\x9A\x80",
                                                  "\xEF\xBB\xBF",
                                                  "verdict",
                                                  "agent ",
                                                  ": ",
                                                  " = ",
                                                  ";",
                                                  "// ",
                                                  "/// ",
                                                  "use std.roles as r\n",
                                                  "$3/task",
                                                  "1..20",
                                                  "route(x.y, else: z)",
                                                  ", ",
                                                  "flow f(task) {\n"};
    if (chance(8)) {
      const std::uint32_t from = below(kShip.size());
      return std::string(kShip.substr(from, below(120)));
    }
    return kPieces[below(kPieces.size())];
  }

  std::mt19937 random_;
  Encoding encoding_;
  std::string text_{kShip};
};

void ask_everything(Editor& editor, Edits& edits) {
  Json params{{"textDocument", {{"uri", kUri}}},
              {"position", edits.position()},
              {"positions", Json::array({edits.position()})},
              {"range", {{"start", edits.position()}, {"end", edits.position()}}},
              {"context", Json::object()},
              {"newName", "renamed"},
              {"ch", edits.chance(2) ? "}" : "\n"}};
  for (const char* const method : {"hover",
                                   "completion",
                                   "signatureHelp",
                                   "definition",
                                   "typeDefinition",
                                   "references",
                                   "documentHighlight",
                                   "prepareRename",
                                   "rename",
                                   "prepareCallHierarchy",
                                   "onTypeFormatting",
                                   "documentSymbol",
                                   "foldingRange",
                                   "selectionRange",
                                   "semanticTokens/full",
                                   "inlayHint",
                                   "codeAction",
                                   "codeLens",
                                   "documentLink",
                                   "formatting"}) {
    const Json answer = editor.request(std::string("textDocument/") + method, params);
    const bool fine = answer.contains("result") || answer["error"]["code"] == -32803;
    if (!fine)
      FAIL(method << ": " << answer.dump() << "\nin\n" << edits.text());
  }
}

TEST_CASE("after any edits the server knows what it would know of the text opened anew") {
  for (unsigned seed = 1; seed <= 24; ++seed) {
    const bool utf8 = seed % 2 == 0;
    Edits edits(seed, utf8 ? Encoding::kUtf8 : Encoding::kUtf16);
    Editor editor(utf8);
    editor.open(edits.text());
    for (int step = 0; step < 40; ++step) {
      Json changes = Json::array();
      for (std::uint32_t i = 0; i <= edits.below(3); ++i)
        changes.push_back(edits.change());
      editor.notify(
          "textDocument/didChange",
          {{"textDocument", {{"uri", kUri}, {"version", step + 2}}}, {"contentChanges", changes}});
      if (step % 8 == 7)
        ask_everything(editor, edits);
    }
    Editor anew(utf8);
    anew.open(edits.text());
    INFO("seed " << seed << "\n" << edits.text());
    REQUIRE(editor.published() == anew.published());
    const Json document{{"textDocument", {{"uri", kUri}}}};
    for (const char* const method : {"semanticTokens/full", "documentSymbol", "foldingRange"}) {
      Json one = editor.request(std::string("textDocument/") + method, document)["result"];
      Json two = anew.request(std::string("textDocument/") + method, document)["result"];
      if (one.is_object())
        one.erase("resultId"), two.erase("resultId");
      REQUIRE(one == two);
    }
  }
}

}  // namespace
}  // namespace fleet::lsp
