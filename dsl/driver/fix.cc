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

// The texts after one pass: the sound fixes of one check. `applied` says what was done.
std::map<std::string, std::string> pass(FileReader& files, const Compilation& compilation,
                                        std::vector<std::string>& applied) {
  const SourceMap& sources = *compilation.sources;
  // Neither the library nor the uses of a pattern are files that can be changed.
  const auto is_file = [&](const TextEdit& edit) {
    const Source& source = sources.get(edit.span.source);
    return files.read(source.name()).text == source.text();
  };
  const auto allowed = [&](const Diagnostic&, const Help& help) {
    return std::ranges::all_of(help.edits, is_file);
  };
  std::vector<TextEdit> edits;
  for (const SoundFix& one : sound_fixes(compilation.diagnostics, allowed)) {
    edits.insert(edits.end(), one.help->edits.begin(), one.help->edits.end());
    applied.push_back(place_of(sources, one.diagnostic->primary.span) + ": " + one.help->text);
  }
  std::ranges::stable_sort(edits, std::greater(),
                           [](const TextEdit& edit) { return edit.span.begin; });
  std::map<std::string, std::string> texts;
  for (const TextEdit& edit : edits) {
    const Source& source = sources.get(edit.span.source);
    std::string& text = texts.emplace(source.name(), source.text()).first->second;
    text.replace(edit.span.begin, edit.span.end - edit.span.begin, edit.replacement);
  }
  return texts;
}

}  // namespace

std::vector<SoundFix> sound_fixes(
    const std::vector<Diagnostic>& diagnostics,
    const std::function<bool(const Diagnostic&, const Help&)>& allowed) {
  std::vector<SoundFix> chosen;
  const auto is_free = [&](const TextEdit& edit) {
    return std::ranges::none_of(chosen, [&](const SoundFix& other) {
      return std::ranges::any_of(other.help->edits,
                                 [&](const TextEdit& taken) { return overlap(edit, taken); });
    });
  };
  for (const Diagnostic& one : diagnostics) {
    const auto help = std::ranges::find_if(one.helps, [&](const Help& candidate) {
      return candidate.sound && !candidate.edits.empty() && allowed(one, candidate) &&
             std::ranges::all_of(candidate.edits, is_free);
    });
    if (help != one.helps.end())
      chosen.push_back({&one, &*help});
  }
  return chosen;
}

Fixed fix(const std::string& path, FileReader& files, const CompileOptions& options) {
  constexpr int kMostPasses = 20;
  Fixed fixed;
  Overlay overlay(files, fixed.texts);
  fixed.left = compile(path, overlay, options);
  for (int i = 0; i < kMostPasses && fixed.left.usage.empty(); ++i) {
    std::vector<std::string> applied;
    std::map<std::string, std::string> texts = pass(overlay, fixed.left, applied);
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
