// yaml-cpp lives here.
#include <algorithm>
#include <cstddef>
#include <set>

#include <yaml-cpp/yaml.h>

#include "dsl/import/value.h"

namespace fleet::import {
namespace {

constexpr std::size_t kMostValues = 100'000;  // aliases written out
constexpr int kDeepest = 32;

class YamlReader {
 public:
  Parsed take(const YAML::Node& node) {
    Parsed parsed;
    parsed.value = value(node, 0);
    parsed.problem = problem_;
    return parsed;
  }

 private:
  void fail(const YAML::Node& node, const std::string& why) {
    if (problem_.empty())
      problem_ = "line " + std::to_string(node.Mark().line + 1) + ": " + why;
  }

  Value value(const YAML::Node& node, int depth) {
    Value out;
    if (!problem_.empty())
      return out;
    if (++values_ > kMostValues || depth > kDeepest) {
      fail(node, depth > kDeepest ? "it is nested too deeply" : "its aliases stand for too much");
      return out;
    }
    if (node.IsScalar()) {
      out.kind = Value::Kind::kText;
      out.text = node.Scalar();
    } else if (node.IsSequence()) {
      out.kind = Value::Kind::kList;
      for (const YAML::Node& one : node)
        out.list.push_back(value(one, depth + 1));
    } else if (node.IsMap()) {
      out.kind = Value::Kind::kMap;
      std::set<std::string> seen;
      for (const auto& entry : node) {
        if (!entry.first.IsScalar())
          continue;
        const std::string& key = entry.first.Scalar();
        // Which of two was meant nobody can tell.
        if (!seen.insert(key).second)
          fail(entry.first, "`" + key + "` is said twice");
        out.map.emplace_back(key, value(entry.second, depth + 1));
      }
    }
    return out;
  }

  std::string problem_;
  std::size_t values_ = 0;
};

// yaml-cpp reads nested brackets and indentation with the stack.
bool is_deep(std::string_view text) {
  constexpr std::size_t kMostIndent = 400;
  constexpr int kMostBrackets = 64;
  int open = 0;
  std::size_t indent = 0;
  bool begin = true;
  for (const char c : text) {
    open += c == '[' || c == '{' ? 1 : (c == ']' || c == '}') && open > 0 ? -1 : 0;
    begin = c == '\n' || (begin && (c == ' ' || c == '-' || c == '?'));
    indent = c == '\n' || !begin ? 0 : indent + 1;
    if (open > kMostBrackets || indent > kMostIndent)
      return true;
  }
  return false;
}

}  // namespace

Parsed read_yaml(std::string_view text) {
  Parsed parsed;
  if (is_deep(text)) {
    parsed.problem = "it is nested too deeply";
    return parsed;
  }
  try {
    return YamlReader().take(YAML::Load(std::string(text)));
  } catch (const YAML::Exception& problem) {
    parsed.problem = problem.mark.is_null()
                         ? problem.msg
                         : "line " + std::to_string(problem.mark.line + 1) + ": " + problem.msg;
  }
  return parsed;
}

}  // namespace fleet::import
