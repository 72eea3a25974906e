#include "dsl/driver/fix.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace fleet {
namespace {

// Files with the changes so far.
class Overlay : public FileReader {
 public:
  Overlay(FileReader& files, std::map<std::string, std::string>& texts)
      : files_(files), texts_(texts) {}

  FileText read(const std::string& path) override {
    const auto changed = texts_.find(path);
    return changed == texts_.end() ? files_.read(path) : FileText{changed->second, {}};
  }
  std::string resolve(const std::string& path) const override { return files_.resolve(path); }

 private:
  FileReader& files_;
  std::map<std::string, std::string>& texts_;
};

std::size_t count_errors(const Compilation& compilation) {
  return static_cast<std::size_t>(
      std::ranges::count(compilation.diagnostics, Severity::kError, &Diagnostic::severity));
}

std::string place_of(const SourceMap& sources, const Span& span) {
  const Source& source = sources.get(span.source);
  const LineColumn at = source.locate(span.begin);
  return source.name() + ":" + std::to_string(at.line) + ":" + std::to_string(at.column);
}

bool overlap(const TextEdit& a, const TextEdit& b) {
  return a.span.source == b.span.source && a.span.begin <= b.span.end && b.span.begin <= a.span.end;
}

// One pass: the sound fixes of one check that do not touch one another.
class Pass {
 public:
  Pass(FileReader& files, const Compilation& compilation)
      : files_(files), compilation_(compilation) {}

  // The changed texts; `applied` says what was done.
  std::map<std::string, std::string> run(std::vector<std::string>& applied) {
    for (const Diagnostic& one : compilation_.diagnostics) {
      const auto sound = std::ranges::find_if(one.helps, [&](const Help& help) {
        return help.sound && !help.edits.empty() && can_apply(help);
      });
      if (sound == one.helps.end())
        continue;
      edits_.insert(edits_.end(), sound->edits.begin(), sound->edits.end());
      applied.push_back(place_of(sources(), one.primary.span) + ": " + sound->text);
    }
    std::ranges::stable_sort(edits_, std::greater(),
                             [](const TextEdit& edit) { return edit.span.begin; });
    std::map<std::string, std::string> texts;
    for (const TextEdit& edit : edits_) {
      const Source& source = sources().get(edit.span.source);
      std::string& text = texts.emplace(source.name(), source.text()).first->second;
      text.replace(edit.span.begin, edit.span.end - edit.span.begin, edit.replacement);
    }
    return texts;
  }

 private:
  const SourceMap& sources() const { return *compilation_.sources; }

  bool can_apply(const Help& help) const {
    return std::ranges::all_of(help.edits, [&](const TextEdit& edit) {
      const auto touches = [&](const TextEdit& other) {
        return overlap(edit, other);
      };
      const Source& source = sources().get(edit.span.source);
      return std::ranges::none_of(edits_, touches) &&
             files_.read(source.name()).text == source.text();
    });
  }

  FileReader& files_;
  const Compilation& compilation_;
  std::vector<TextEdit> edits_;
};

}  // namespace

Fixed fix(const std::string& path, FileReader& files, const CompileOptions& options) {
  constexpr int kMostPasses = 20;
  Fixed fixed;
  Overlay overlay(files, fixed.texts);
  fixed.left = compile(path, overlay, options);
  for (int i = 0; i < kMostPasses && fixed.left.usage.empty(); ++i) {
    std::vector<std::string> applied;
    std::map<std::string, std::string> texts = Pass(overlay, fixed.left).run(applied);
    if (texts.empty())
      break;
    std::map<std::string, std::string> before = fixed.texts;
    for (auto& [name, text] : texts)
      fixed.texts[name] = std::move(text);
    Compilation next = compile(path, overlay, options);
    if (count_errors(next) > count_errors(fixed.left)) {
      fixed.texts = std::move(before);
      break;
    }
    fixed.left = std::move(next);
    fixed.applied.insert(fixed.applied.end(), applied.begin(), applied.end());
  }
  return fixed;
}

}  // namespace fleet
