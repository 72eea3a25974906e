#include <cstdint>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "dsl/plan/describe.h"
#include "dsl/plan/render.h"
#include "dsl/plan/text.h"

namespace fleet::plan {
namespace {

// Inside a double-quoted DOT string. A backslash is doubled, because labels read "\n", "\l" and
// "\N".
std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
    }
    out += c == '&' ? "&amp;" : std::string(1, c);
  }
  return out + "\"";
}

std::string_view shape_of(NodeKind kind) {
  switch (kind) {
    case NodeKind::kTask: return "shape=box, style=rounded";
    case NodeKind::kFanout: return "shape=box3d";
    case NodeKind::kRun: return "shape=box";
    case NodeKind::kMerge: return "shape=hexagon";
    case NodeKind::kAll:
    case NodeKind::kAny:
    case NodeKind::kLoop:
    case NodeKind::kLast: return "shape=ellipse";
    case NodeKind::kHuman: return "shape=house";
  }
  return "shape=box";
}

std::string label_of(const Plan& plan, const Node& node) {
  constexpr std::size_t kWidest = 48;
  const std::string name = quoted(printable(node.name));
  const std::string action = quoted(shortened(action_of(plan, node), kWidest));
  return name.substr(0, name.size() - 1) + "\\n" + action.substr(1);
}

}  // namespace

std::string to_dot(const Plan& plan) {
  const auto critical = critical_steps(plan);
  std::string out = "digraph plan {\n";
  out += fmt::format("  label={};\n", quoted(title_of(plan)));
  out +=
      "  labelloc=t;\n  node [fontname=\"Helvetica\"];\n  edge [fontname=\"Helvetica\", "
      "fontsize=10];\n";
  for (std::uint32_t i = 0; i < plan.nodes.size(); ++i) {
    const Node& node = plan.nodes[i];
    out += fmt::format("  n{} [label={}, {}{}];\n", i, label_of(plan, node), shape_of(node.kind),
                       critical[i].on ? ", penwidth=2" : "");
  }
  for (std::uint32_t i = 0; i < plan.nodes.size(); ++i) {
    for (const Edge& edge : plan.nodes[i].after) {
      out += fmt::format("  n{} -> n{} [label={}{}];\n", edge.from.value, i,
                         quoted(to_string(edge.kind)),
                         critical[edge.from.value].next == NodeIndex{i} ? ", penwidth=2" : "");
    }
  }
  return out + "}\n";
}

}  // namespace fleet::plan
