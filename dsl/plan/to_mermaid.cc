#include <string>
#include <string_view>
#include <utility>

#include <fmt/format.h>

#include "dsl/plan/describe.h"
#include "dsl/plan/render.h"
#include "dsl/plan/text.h"

namespace fleet::plan {
namespace {

// Mermaid has no escape of its own inside "…": entities by number are what it documents. All ASCII
// but letters, digits, blanks and a few marks without meaning to Mermaid, HTML and Markdown is
// written so.
std::string escaped(std::string_view text) {
  constexpr std::string_view kHarmless = " .,:/()+=-";
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       kHarmless.find(c) != std::string_view::npos ||
                       static_cast<unsigned char>(c) >= 0x80;
    out += plain ? std::string(1, c) : fmt::format("#{};", static_cast<unsigned>(c));
  }
  return out;
}

std::pair<std::string_view, std::string_view> brackets_of(NodeKind kind) {
  switch (kind) {
    case NodeKind::kTask: return {"(", ")"};
    case NodeKind::kFanout: return {"[[", "]]"};
    case NodeKind::kRun: return {"[", "]"};
    case NodeKind::kMerge: return {"{{", "}}"};
    case NodeKind::kAll:
    case NodeKind::kAny:
    case NodeKind::kLoop:
    case NodeKind::kLast: return {"([", "])"};
    case NodeKind::kHuman: return {"[/", "\\]"};
  }
  return {"[", "]"};
}

}  // namespace

std::string to_mermaid(const Plan& plan) {
  constexpr std::size_t kWidest = 48;
  std::string out = "flowchart TD\n";
  out += fmt::format("  accTitle: {}\n", escaped(title_of(plan)));
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    const Node& node = plan.nodes[i];
    const auto [open, close] = brackets_of(node.kind);
    out += fmt::format("  n{}{}\"{}<br/>{}\"{}\n", i, open, escaped(printable(node.name)),
                       escaped(shortened(action_of(plan, node), kWidest)), close);
  }
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    for (const Edge& edge : plan.nodes[i].after) {
      out +=
          fmt::format("  n{} -->|\"{}\"| n{}\n", edge.from.value, escaped(to_string(edge.kind)), i);
    }
  }
  if (!plan.critical_path.empty()) {
    out += "  classDef critical stroke-width:3px\n  class ";
    std::string_view comma;
    for (const NodeIndex index : plan.critical_path) {
      out += fmt::format("{}n{}", comma, index.value);
      comma = ",";
    }
    out += " critical\n";
  }
  return out;
}

}  // namespace fleet::plan
