// The layout of a diagnostic for people: a heading, then for each source its lines with the labels
// under them, then notes. What a label says stands beside its underline or, where several share a
// line, below.
#include <algorithm>
#include <map>
#include <set>

#include "dsl/base/render.h"
#include "dsl/base/shown_line.h"
#include "dsl/base/snippet.h"

namespace fleet {
namespace {

class TextRenderer {
 public:
  TextRenderer(const SourceMap& sources, const RenderOptions& options)
      : sources_(sources), options_(options), paint_(options.colour), lines_(options.ascii) {}

  std::string render(const Diagnostic& diagnostic) {
    const Style severity = diagnostic.severity == Severity::kError     ? Style::kError
                           : diagnostic.severity == Severity::kWarning ? Style::kWarning
                                                                       : Style::kInfo;
    const bool coded = !diagnostic.code.empty();
    std::string out = paint_(std::string(severity_word(diagnostic.severity)) +
                                 (coded ? "[" + diagnostic.code + "]" : ""),
                             severity);
    out += paint_(": " + shown(diagnostic.message), Style::kStrong) + "\n";
    const std::size_t gutter = gutter_width(diagnostic);
    bool first = true;
    for (const SourceId source : sources_of(diagnostic)) {
      out += std::string(gutter, ' ') + paint_(first ? "--> " : "::: ", Style::kGutter);
      out += place(diagnostic, source) + "\n";
      if (can_be_shown(diagnostic, source))
        out += snippet_of(diagnostic, source, gutter, severity);
      first = false;
    }
    for (const std::string& note : diagnostic.notes) {
      out += trailer(gutter, "note", note);
    }
    for (const Help& help : diagnostic.helps) {
      out += trailer(gutter, "help", help.text);
    }
    if (coded)
      out += trailer(gutter, "docs", "fleetc explain " + diagnostic.code);
    return out;
  }

 private:
  std::string shown(std::string_view text) const { return visible(text, options_.ascii); }

  std::string snippet_of(const Diagnostic& diagnostic, SourceId source, std::size_t gutter,
                         Style severity) {
    Snippet snippet(sources_.get(source), lines_, options_, gutter);
    for (const Label& label : diagnostic.secondary) {
      if (label.span.source == source) {
        snippet.add(label.span, shown(label.text), Style::kSecondary);
      }
    }
    if (diagnostic.primary.span.source == source) {
      snippet.add(diagnostic.primary.span, shown(diagnostic.primary.text), severity);
    }
    return snippet.render();
  }

  // A line of megabytes is no picture for a person, and costs as much for each message on it.
  bool can_be_shown(const Diagnostic& diagnostic, SourceId id) const {
    constexpr std::size_t kLongestLine = std::size_t{64} << 10;
    const Source& source = sources_.get(id);
    const auto is_short = [&](const Label& label) {
      return label.span.source != id ||
             (source.line(source.locate(label.span.begin).line).size() <= kLongestLine &&
              source.line(source.locate(label.span.end).line).size() <= kLongestLine);
    };
    return is_short(diagnostic.primary) && std::ranges::all_of(diagnostic.secondary, is_short);
  }

  // The primary label's source first, the others as they occur.
  static std::vector<SourceId> sources_of(const Diagnostic& diagnostic) {
    std::vector<SourceId> out{diagnostic.primary.span.source};
    for (const Label& label : diagnostic.secondary) {
      if (std::find(out.begin(), out.end(), label.span.source) == out.end()) {
        out.push_back(label.span.source);
      }
    }
    return out;
  }

  std::size_t gutter_width(const Diagnostic& diagnostic) const {
    const auto last_line = [&](const Label& label) {
      return sources_.get(label.span.source).locate(label.span.end).line;
    };
    std::uint32_t last = last_line(diagnostic.primary);
    for (const Label& label : diagnostic.secondary) {
      last = std::max(last, last_line(label));
    }
    return std::to_string(last).size() + 1;
  }

  std::string place(const Diagnostic& diagnostic, SourceId source) const {
    const Label* label = &diagnostic.primary;
    for (const Label& other : diagnostic.secondary) {
      if (!(label->span.source == source)) {
        label = &other;
      }
    }
    const LineColumn at = sources_.get(source).locate(label->span.begin);
    return shown(sources_.get(source).name()) + ":" + std::to_string(at.line) + ":" +
           std::to_string(at.column);
  }

  std::string trailer(std::size_t gutter, std::string_view kind, std::string_view text) const {
    const std::string indent(gutter + 1, ' ');
    std::string out = indent + paint_("=", Style::kGutter) + " " +
                      paint_(std::string(kind), Style::kStrong) + ": ";
    for (const char c : visible(text, options_.ascii, true)) {
      out += c;
      if (c == '\n') {
        out += indent + std::string(kind.size() + 4, ' ');
      }
    }
    return out + "\n";
  }

  const SourceMap& sources_;
  const RenderOptions& options_;
  Paint paint_;
  ShownLines lines_;
};

}  // namespace

std::string render_text(const std::vector<Diagnostic>& diagnostics, const SourceMap& sources,
                        const RenderOptions& options) {
  std::string out;
  TextRenderer renderer(sources, options);
  for (const Diagnostic& diagnostic : diagnostics) {
    out += out.empty() ? "" : "\n";
    out += renderer.render(diagnostic);
  }
  return out;
}

}  // namespace fleet
