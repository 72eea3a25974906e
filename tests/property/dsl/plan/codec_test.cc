#include "dsl/plan/codec.h"

#include <algorithm>

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "dsl/plan/render.h"
#include "tests/property/dsl/plan/any_plan.h"

namespace fleet::plan {
namespace {

// One to four edits of single bytes and ranges, or of whole tokens, which keeps the text more often
// JSON.
std::string mutated(std::string json) {
  static const std::vector<std::string> kTokens = {"null", "-1",  "[]", "{}",    "\"\"", "0",
                                                   "true", "1e9", ",",  "99999", "\\",   "\xff"};
  for (std::uint32_t edits = 1 + any::below(4); edits > 0 && !json.empty(); --edits) {
    const std::size_t at = any::below(static_cast<std::uint32_t>(json.size()));
    const std::size_t length = any::below(12);
    switch (any::below(4)) {
      case 0: json[at] = static_cast<char>(any::below(256)); break;
      case 1: json.erase(at, length); break;
      case 2:
        json.insert(at, json.substr(any::below(static_cast<std::uint32_t>(json.size())), length));
        break;
      default: {
        const std::size_t colon = json.find(':', at);
        const std::size_t end = json.find_first_of(",}]", colon);
        if (end != std::string::npos) {
          json.replace(colon + 1, end - colon - 1,
                       kTokens[any::below(static_cast<std::uint32_t>(kTokens.size()))]);
        }
      }
    }
  }
  return json;
}

// XML as far as the drawing uses it: tags nest, "&" begins an entity, and nothing is left open.
bool is_well_formed(const std::string& xml) {
  std::vector<std::string> open;
  for (std::size_t i = 0; i < xml.size(); ++i) {
    if (xml[i] == '&') {
      const std::string entity = xml.substr(i, xml.find(';', i) - i);
      if (entity != "&amp" && entity != "&lt" && entity != "&gt" && entity != "&quot") {
        return false;
      }
    }
    if (xml[i] != '<') {
      continue;
    }
    const std::size_t end = xml.find('>', i);
    const std::string tag = xml.substr(i + 1, end - i - 1);
    if (end == std::string::npos || tag.empty() || tag.find('<') != std::string::npos) {
      return false;
    }
    if (tag[0] == '/') {
      if (open.empty() || open.back() != tag.substr(1)) {
        return false;
      }
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(tag.substr(0, tag.find(' ')));
    }
    i = end;
  }
  return open.empty();
}

}  // namespace

TEST_CASE("any sound plan survives its JSON, byte for byte") {
  CHECK(rc::check([] {
    Plan plan = any::plan();
    if (any::coin()) {
      seal(plan);
    }
    RC_ASSERT(validate(plan) == "");
    const std::string json = to_json(plan);
    const DecodedPlan decoded = from_json(json);
    RC_ASSERT(decoded.error == "");
    RC_ASSERT(decoded.plan.has_value());
    RC_ASSERT(*decoded.plan == plan);
    RC_ASSERT(to_json(*decoded.plan) == json);
  }));
}

TEST_CASE("another reader of JSON reads the same keys and values") {
  CHECK(rc::check([] {
    Plan plan = any::plan();
    plan.fleet = "naïve \"\\/\n\x01 😀";
    // Where bytes are not UTF-8 they are written as lone surrogates, which that reader refuses.
    for (Agent& agent : plan.agents) {
      agent.brief.clear();
    }
    for (Node& node : plan.nodes) {
      node.doc.clear();
    }
    const auto document = nlohmann::json::parse(to_json(plan), nullptr, false);
    RC_ASSERT(!document.is_discarded());
    RC_ASSERT(document["fleet"] == plan.fleet);
    RC_ASSERT(document["nodes"].size() == plan.nodes.size());
    for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
      RC_ASSERT(document["nodes"][i]["name"] == plan.nodes[i].name);
      RC_ASSERT(document["nodes"][i].value("retries", 0u) == plan.nodes[i].retries);
    }
  }));
}

TEST_CASE("mutated JSON is an error with a reason or a sound plan, never a crash") {
  CHECK(rc::check([] {
    const std::string json = mutated(to_json(any::plan()));
    const DecodedPlan decoded = from_json(json);
    RC_ASSERT(decoded.plan.has_value() == decoded.error.empty());
    if (decoded.plan) {
      RC_ASSERT(validate(*decoded.plan) == "");
      const std::string again = to_json(*decoded.plan);
      RC_ASSERT(*from_json(again).plan == *decoded.plan);
    }
  }));
}

TEST_CASE("every prefix of a plan's JSON is refused") {
  CHECK(rc::check([] {
    const std::string json = to_json(any::plan());
    const std::size_t length = any::below(static_cast<std::uint32_t>(json.size()));
    RC_ASSERT(!from_json(std::string_view(json).substr(0, length)).plan);
  }));
}

TEST_CASE("a node's hash changes when and only when it or something before it does") {
  CHECK(rc::check([] {
    Plan plan = any::plan();
    RC_PRE(!plan.nodes.empty());
    seal(plan);
    Plan changed = plan;
    const auto target = any::below(static_cast<std::uint32_t>(plan.nodes.size()));
    ++changed.nodes[target].retries;
    seal(changed);
    std::vector<bool> reached(plan.nodes.size(), false);
    for (std::uint32_t i = 0; i < plan.nodes.size(); ++i) {
      const Node& node = plan.nodes[i];
      bool depends = i == target;
      for (const Edge& edge : node.after) {
        depends = depends || reached[edge.from.value];
      }
      depends = depends || (node.start && reached[node.start->value]);
      depends = depends ||
                (node.fanout && node.fanout->source.of && reached[node.fanout->source.of->value]);
      depends =
          depends || (node.merge && node.merge->into_step && reached[node.merge->into_step->value]);
      if (node.merge) {
        for (const NodeIndex from : node.merge->from) {
          depends = depends || reached[from.value];
        }
      }
      reached[i] = depends;
      RC_ASSERT((plan.nodes[i].hash != changed.nodes[i].hash) == depends);
    }
  }));
}

TEST_CASE("any sound plan is drawn, in text without control characters") {
  CHECK(rc::check([] {
    const Plan plan = any::plan();
    for (const std::string& drawing :
         {to_text(plan), to_dot(plan), to_svg(plan), to_mermaid(plan)}) {
      RC_ASSERT(std::all_of(drawing.begin(), drawing.end(), [](char c) {
        return c == '\n' || static_cast<unsigned char>(c) >= 0x20;
      }));
    }
    RC_ASSERT(is_well_formed(to_svg(plan)));
  }));
}

}  // namespace fleet::plan
