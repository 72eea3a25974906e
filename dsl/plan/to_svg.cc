// A standalone drawing: no script, no external font or style, readable on a light and a dark page.
#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "dsl/plan/describe.h"
#include "dsl/plan/fanout.h"
#include "dsl/plan/layout.h"
#include "dsl/plan/render.h"
#include "dsl/plan/text.h"

namespace fleet::plan {
namespace {

constexpr std::int64_t kColumnWidth = 8;  // of a character, generously: fonts differ
constexpr std::int64_t kLineHeight = 18;
constexpr std::int64_t kPadding = 14;
constexpr std::int64_t kHeading = 36;
constexpr std::size_t kWidestLine = 56;

constexpr std::string_view kStyle =
    R"(text{font:13px ui-monospace,"DejaVu Sans Mono",Menlo,Consolas,monospace;fill:#1f2328}
.page{fill:#ffffff}.name{font-weight:bold}.more,.on{fill:#59636e;font-size:12px}
.on{paint-order:stroke;stroke:#ffffff;stroke-width:4px}
.box{stroke-width:1.5;stroke:#59636e;fill:#f6f8fa}.critical>.box{stroke-width:3}
.task>.box{fill:#ddf4ff;stroke:#0969da}.fanout>.box{fill:#dafbe1;stroke:#1a7f37}
.merge>.box{fill:#fbefff;stroke:#8250df}.human>.box{fill:#fff8c5;stroke:#9a6700}
.arrow{fill:none;stroke:#59636e;stroke-width:1.5}.critical>.arrow{stroke-width:3}.head{fill:#59636e}
.failed>.arrow,.changes_requested>.arrow{stroke:#d1242f;stroke-dasharray:5 4}
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.page{fill:#0d1117}.more,.on{fill:#9198a1}
.on{stroke:#0d1117}.box{stroke:#9198a1;fill:#151b23}
.task>.box{fill:#0c2d4d;stroke:#58a6ff}.fanout>.box{fill:#0f2d1a;stroke:#3fb950}
.merge>.box{fill:#2a1d45;stroke:#ab7df8}.human>.box{fill:#332608;stroke:#d29922}
.arrow{stroke:#9198a1}.head{fill:#9198a1}
.failed>.arrow,.changes_requested>.arrow{stroke:#f85149}}
)";

std::string xml_escaped(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out += c;
    }
  }
  return out;
}

// What a box says: its name, what it does, and where its work goes.
std::vector<std::string> lines_of(const Plan& plan, const Node& node) {
  std::vector<std::string> lines{shortened(printable(node.name), kWidestLine),
                                 shortened(action_of(plan, node), kWidestLine)};
  if (const std::string branches = branches_of(plan, node); !branches.empty()) {
    lines.push_back(shortened("→ " + branches, kWidestLine));
  }
  return lines;
}

BoxSize size_of(const std::vector<std::string>& lines) {
  std::size_t widest = 0;
  for (const std::string& line : lines) {
    widest = std::max(widest, columns(line));
  }
  return {static_cast<std::int64_t>(widest) * kColumnWidth + 2 * kPadding,
          static_cast<std::int64_t>(lines.size()) * kLineHeight + kPadding};
}

// All that a box has no room for, read by screen readers and shown on hover.
std::string details_of(const Plan& plan, const Node& node) {
  std::string text = fmt::format("{}: {}", printable(node.name), action_of(plan, node));
  const auto add = [&text](std::string_view label, const std::string& value) {
    text += value.empty() ? "" : fmt::format("\n{} {}", label, value);
  };
  add("after", after_of(plan, node));
  add("branch", branches_of(plan, node));
  add("spawn:", node.fanout ? spawn_outlook(plan, node) : "");
  add("accept", node.merge ? text_of(node.merge->accept) : "");
  add("bounds:", bounds_of(plan, node));
  return text;
}

// The arrows of a plan: the edges between the same two nodes are one arrow with several words.
struct Arrows {
  std::vector<Arrow> all;
  std::vector<std::string> words;
};

Arrows arrows_of(const Plan& plan) {
  Arrows arrows;
  for (std::uint32_t to = 0; to < plan.nodes.size(); ++to) {
    const std::size_t first = arrows.all.size();
    std::vector<Edge> edges = plan.nodes[to].after;
    std::stable_sort(edges.begin(), edges.end(),
                     [](const Edge& a, const Edge& b) { return a.from < b.from; });
    for (const Edge& edge : edges) {
      if (arrows.all.size() > first && arrows.all.back().from == edge.from.value) {
        arrows.words.back() += std::string(", ") + to_string(edge.kind);
      } else {
        arrows.all.push_back({edge.from.value, to});
        arrows.words.emplace_back(to_string(edge.kind));
      }
    }
  }
  return arrows;
}

std::string path_of(const std::vector<Point>& points) {
  std::string path = fmt::format("M{},{}", points[0].x, points[0].y);
  for (std::size_t i = 1; i < points.size(); ++i) {
    const Point& from = points[i - 1];
    const Point& to = points[i];
    const std::int64_t middle = (from.y + to.y) / 2;
    path += from.x == to.x
                ? fmt::format(" V{}", to.y)
                : fmt::format(" C{},{} {},{} {},{}", from.x, middle, to.x, middle, to.x, to.y);
  }
  return path;
}

std::string arrow_svg(const Plan& plan, const Arrow& arrow, const std::string& words,
                      const std::vector<Point>& points, bool critical) {
  // The label of a long arrow sits half way, where it has a column of its own.
  const std::size_t gap = (points.size() / 2 - 1) / 2;
  const Point& from = points[2 * gap];
  const Point& to = points[2 * gap + 1];
  return fmt::format(
      "<g class=\"{}{}\"><title>{} after {}: {}</title><path class=\"arrow\" d=\"{}\" "
      "marker-end=\"url(#head)\"/><text class=\"on\" text-anchor=\"middle\" x=\"{}\" "
      "y=\"{}\">{}</text>"
      "</g>\n",
      words.find(',') == std::string::npos ? words : "several", critical ? " critical" : "",
      xml_escaped(printable(plan.nodes[arrow.to].name)),
      xml_escaped(printable(plan.nodes[arrow.from].name)), words, path_of(points),
      (from.x + to.x) / 2, (from.y + to.y) / 2 + 4, words);
}

std::string box_svg(const Plan& plan, const Node& node, const std::vector<std::string>& lines,
                    BoxSize size, Point corner, bool critical) {
  std::string out = fmt::format(
      "<g class=\"{}{}\" data-step=\"{}\"><title>{}</title>"
      "<rect class=\"box\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"8\"/>",
      to_string(node.kind), critical ? " critical" : "", xml_escaped(printable(node.name)),
      xml_escaped(details_of(plan, node)), corner.x, corner.y, size.width, size.height);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    out += fmt::format("<text class=\"{}\" text-anchor=\"middle\" x=\"{}\" y=\"{}\">{}</text>",
                       i == 0 ? "name" : "more", corner.x + size.width / 2,
                       corner.y + kPadding / 2 + static_cast<std::int64_t>(i) * kLineHeight + 14,
                       xml_escaped(lines[i]));
  }
  return out + "</g>\n";
}

std::string opening(const Plan& plan, BoxSize size) {
  const std::string title = title_of(plan);
  const std::string shown = shortened(title, static_cast<std::size_t>(size.width / kColumnWidth));
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" "
      "viewBox=\"0 0 {0} {1}\" role=\"img\" aria-labelledby=\"title\">\n"
      "<title id=\"title\">{2}</title>\n<style>\n{3}</style>\n"
      "<defs><marker id=\"head\" viewBox=\"0 0 10 10\" refX=\"9\" refY=\"5\" markerWidth=\"9\" "
      "markerHeight=\"9\" markerUnits=\"userSpaceOnUse\" orient=\"auto\">"
      "<path class=\"head\" d=\"M0,0 L10,5 L0,10 z\"/></marker></defs>\n"
      "<rect class=\"page\" width=\"{0}\" height=\"{1}\"/>\n"
      "<text class=\"name\" x=\"24\" y=\"28\">{4}</text>\n<g transform=\"translate(0,{5})\">\n",
      size.width, size.height, xml_escaped(title), kStyle, xml_escaped(shown), kHeading - 12);
}

}  // namespace

std::string to_svg(const Plan& plan) {
  constexpr std::int64_t kNarrowest = 360;  // room for a title
  std::vector<std::vector<std::string>> lines;
  std::vector<BoxSize> sizes;
  for (const Node& node : plan.nodes) {
    lines.push_back(lines_of(plan, node));
    sizes.push_back(size_of(lines.back()));
  }
  const Arrows arrows = arrows_of(plan);
  const Layout layout = lay_out(sizes, arrows.all);
  const auto critical = critical_steps(plan);
  std::string out =
      opening(plan, {std::max(layout.size.width, kNarrowest), layout.size.height + kHeading - 12});
  for (std::size_t i = 0; i < arrows.all.size(); ++i) {
    const Arrow& arrow = arrows.all[i];
    out += arrow_svg(plan, arrow, arrows.words[i], layout.routes[i],
                     critical[arrow.from].next == NodeIndex{arrow.to});
  }
  for (std::size_t i = 0; i < plan.nodes.size(); ++i) {
    out += box_svg(plan, plan.nodes[i], lines[i], sizes[i], layout.corners[i], critical[i].on);
  }
  return out + "</g>\n</svg>\n";
}

}  // namespace fleet::plan
