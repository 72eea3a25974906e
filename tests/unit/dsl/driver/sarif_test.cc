// SARIF 2.1.0 as readers of it ask for: what the standard requires of each object that we write,
// checked over every mistake of the golden files.
#include <filesystem>
#include <map>
#include <set>
#include <string>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "dsl/base/render.h"
#include "dsl/driver/compile.h"
#include "tests/support/golden.h"
#include "tests/support/memory_reader.h"

namespace fleet {
namespace {

using Json = nlohmann::json;

// One object of the standard: its properties, those that are required first.
struct Shape {
  std::vector<std::string> required;
  std::vector<std::string> optional;
};

// "" when the object has all that is required, and nothing that the standard does not know.
std::string misfit(const Json& object, const Shape& shape) {
  if (!object.is_object())
    return "no object: " + object.dump();
  std::set<std::string> known(shape.required.begin(), shape.required.end());
  known.insert(shape.optional.begin(), shape.optional.end());
  for (const std::string& name : shape.required) {
    if (!object.contains(name))
      return "without " + name + ": " + object.dump();
  }
  for (const auto& [name, value] : object.items()) {
    if (!known.contains(name))
      return "with " + name + ": " + object.dump();
  }
  return {};
}

class Document {
 public:
  explicit Document(const Json& log) : log_(log) {}

  // The first thing that is not as the standard has it.
  std::string problem() {
    fits(log_, {{"version", "runs"}, {"$schema"}});
    says(log_["version"] == "2.1.0", "version");
    for (const Json& run : log_["runs"])
      check_run(run);
    return problem_;
  }

 private:
  void says(bool holds, const std::string& what) {
    if (!holds && problem_.empty())
      problem_ = what;
  }
  void fits(const Json& object, const Shape& shape) {
    const std::string why = misfit(object, shape);
    says(why.empty(), why);
  }

  void check_run(const Json& run) {
    fits(run, {{"tool"}, {"results", "columnKind", "invocations"}});
    says(run["columnKind"] == "unicodeCodePoints" || run["columnKind"] == "utf16CodeUnits",
         "columnKind");
    const Json& driver = run["tool"]["driver"];
    fits(driver, {{"name"}, {"rules", "version", "informationUri"}});
    std::set<std::string> ids;
    for (const Json& rule : driver["rules"]) {
      fits(rule,
           {{"id"},
            {"shortDescription", "fullDescription", "help", "defaultConfiguration", "properties"}});
      says(ids.insert(rule["id"]).second, "a rule twice");
      check_text(rule["shortDescription"]);
      check_level(rule["defaultConfiguration"]["level"]);
    }
    for (const Json& result : run["results"])
      check_result(result, driver["rules"]);
    for (const Json& invocation : run["invocations"])
      check_invocation(invocation);
  }

  void check_invocation(const Json& invocation) {
    fits(invocation, {{"executionSuccessful"}, {"toolExecutionNotifications"}});
    says(invocation["executionSuccessful"].is_boolean(), "executionSuccessful");
    for (const Json& one : invocation.value("toolExecutionNotifications", Json::array())) {
      fits(one, {{"message"}, {"level", "locations"}});
      check_level(one["level"]);
      check_text(one["message"]);
      for (const Json& location : one["locations"])
        check_artifact(location["physicalLocation"]["artifactLocation"]);
    }
  }

  void check_result(const Json& result, const Json& rules) {
    fits(result,
         {{"message"}, {"ruleId", "ruleIndex", "level", "locations", "relatedLocations", "fixes"}});
    const auto index = result["ruleIndex"].get<std::size_t>();
    says(index < rules.size() && rules[index]["id"] == result["ruleId"], "ruleIndex");
    check_level(result["level"]);
    check_text(result["message"]);
    says(!result["locations"].empty(), "no location");
    for (const Json& location : result["locations"])
      check_location(location);
    for (const Json& location : result.value("relatedLocations", Json::array()))
      check_location(location);
    for (const Json& fix : result.value("fixes", Json::array())) {
      fits(fix, {{"artifactChanges"}, {"description"}});
      says(!fix["artifactChanges"].empty(), "a fix without a change");
      for (const Json& change : fix["artifactChanges"])
        check_change(change);
    }
  }

  void check_level(const Json& level) {
    says(level == "error" || level == "warning" || level == "note" || level == "none", "level");
  }
  void check_text(const Json& message) {
    says(message.is_object() && message["text"].is_string() &&
             !message["text"].get<std::string>().empty(),
         "no text: " + message.dump());
  }

  void check_location(const Json& location) {
    fits(location, {{}, {"id", "physicalLocation", "message"}});
    const Json& physical = location["physicalLocation"];
    fits(physical, {{"artifactLocation"}, {"region"}});
    check_artifact(physical["artifactLocation"]);
    check_region(physical["region"]);
  }
  void check_artifact(const Json& artifact) {
    fits(artifact, {{"uri"}, {"uriBaseId", "index"}});
    const std::string uri = artifact["uri"];
    says(!uri.empty() && uri.find_first_of(" \\\"<>^`{|}") == std::string::npos, "uri " + uri);
  }
  void check_region(const Json& region) {
    fits(region,
         {{"startLine"}, {"startColumn", "endLine", "endColumn", "byteOffset", "byteLength"}});
    const auto number = [&](const char* name) {
      return region[name].get<std::int64_t>();
    };
    says(number("startLine") >= 1 && number("startColumn") >= 1, "a place before the first");
    says(number("endLine") > number("startLine") || (number("endLine") == number("startLine") &&
                                                     number("endColumn") >= number("startColumn")),
         "an end before its beginning");
    says(number("byteOffset") >= 0 && number("byteLength") >= 0, "an offset below zero");
  }
  void check_change(const Json& change) {
    fits(change, {{"artifactLocation", "replacements"}, {}});
    check_artifact(change["artifactLocation"]);
    says(!change["replacements"].empty(), "a change without a replacement");
    for (const Json& replacement : change["replacements"]) {
      fits(replacement, {{"deletedRegion"}, {"insertedContent"}});
      check_region(replacement["deletedRegion"]);
      fits(replacement["insertedContent"], {{}, {"text", "binary"}});
    }
  }

  const Json& log_;
  std::string problem_;
};

}  // namespace

TEST_CASE("every message comes out as SARIF 2.1.0") {
  std::map<std::string, std::string> texts;
  for (const std::string& path : golden::list("check", "", ".fleet"))
    texts["a folder/" + std::filesystem::path(path).filename().string()] = golden::read(path);
  testing::MemoryReader files(texts);
  std::set<std::string> codes;
  Report all;
  for (const auto& [name, text] : texts) {
    CompileOptions options;
    options.today = 20'490;
    const Compilation result = compile(name, files, options);
    Report alone;
    alone.add({result.sources, result.diagnostics});
    const Json log = Json::parse(render_sarif(alone));
    INFO(name);
    CHECK(Document(log).problem() == "");
    CHECK(log["runs"][0]["results"].size() == result.diagnostics.size());
    for (const Diagnostic& one : result.diagnostics)
      codes.insert(one.code);
    all.add({result.sources, result.diagnostics});
  }
  CHECK(codes.size() > 30);
  all.unreadable.push_back({"no such file.fleet", "no such file"});
  CHECK(Document(Json::parse(render_sarif(all))).problem() == "");
}

TEST_CASE("a check that finds nothing is SARIF as well") {
  CHECK(Document(Json::parse(render_sarif({}))).problem() == "");
}

}  // namespace fleet
