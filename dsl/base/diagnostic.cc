#include "dsl/base/diagnostic.h"

#include <algorithm>
#include <tuple>

namespace fleet {
namespace {

auto position(const Diagnostic& d) {
  const Span& at = d.primary.span;
  return std::tie(at.source.value, at.begin, at.end, d.code, d.message);
}

// What an edit changes in a text that is used in several places changes for all of them.
void tell_use(const SourceMap& sources, Diagnostic& diagnostic) {
  Span at = diagnostic.primary.span;
  while (const Expansion* expansion = sources.expansion(at.source)) {
    at = expansion->use;
    diagnostic.secondary.push_back({at, "used here"});
  }
  diagnostic.primary.span = sources.written(diagnostic.primary.span);
  for (Label& label : diagnostic.secondary)
    label.span = sources.written(label.span);
  for (Help& help : diagnostic.helps) {
    for (TextEdit& edit : help.edits) {
      help.sound = help.sound && sources.expansion(edit.span.source) == nullptr;
      edit.span = sources.written(edit.span);
    }
  }
}

// What makes two messages of one file one.
std::string mistake(const Diagnostic& diagnostic) {
  return std::to_string(diagnostic.primary.span.source.value) + ":" + diagnostic.message;
}

constexpr std::size_t kMostPlaces = 5;

// The edits that mend the one place mend the other.
void add_place(Diagnostic& said, const Diagnostic& further) {
  const auto known = [&](const Label& label) {
    return label.span == further.primary.span;
  };
  if (std::ranges::any_of(said.secondary, known))
    return;
  if (said.secondary.size() < kMostPlaces)
    said.secondary.push_back({further.primary.span, "the same here"});
  for (std::size_t i = 0; i < said.helps.size() && i < further.helps.size(); ++i) {
    std::vector<TextEdit>& edits = said.helps[i].edits;
    edits.insert(edits.end(), further.helps[i].edits.begin(), further.helps[i].edits.end());
  }
}

}  // namespace

bool DiagnosticSink::has_errors() const {
  return std::any_of(all_.begin(), all_.end(),
                     [](const Diagnostic& d) { return d.severity == Severity::kError; });
}

std::vector<Diagnostic> DiagnosticSink::sorted() const {
  std::vector<Diagnostic> out = all_;
  std::stable_sort(out.begin(), out.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return position(a) < position(b);
  });
  // A repeat is the same thing said about the same place; its first wording stays.
  out.erase(std::unique(out.begin(), out.end(),
                        [](const Diagnostic& a, const Diagnostic& b) {
                          return position(a) == position(b);
                        }),
            out.end());
  return out;
}

void DiagnosticSink::add(Diagnostic diagnostic) {
  // An unknown name is one mistake, wherever it is used.
  if (diagnostic.code == "F101" || diagnostic.everywhere) {
    const auto [said, fresh] = unknown_.emplace(mistake(diagnostic), all_.size());
    if (!fresh)
      return add_place(all_[said->second], diagnostic);
  }
  all_.push_back(std::move(diagnostic));
}

void DiagnosticSink::withdraw(const Span& inside) {
  std::erase_if(all_, [&](const Diagnostic& one) {
    const Span& at = one.primary.span;
    return one.code == "F001" && at.source == inside.source && at.begin >= inside.begin &&
           at.end <= inside.end;
  });
  unknown_.clear();
  for (std::size_t i = 0; i < all_.size(); ++i) {
    if (all_[i].code == "F101" || all_[i].everywhere)
      unknown_.emplace(mistake(all_[i]), i);
  }
}

std::vector<Diagnostic> DiagnosticSink::sorted(const SourceMap& sources) const {
  DiagnosticSink written;
  for (const Diagnostic& one : all_) {
    written.add(one);
    tell_use(sources, written.all_.back());
  }
  return written.sorted();
}

}  // namespace fleet
