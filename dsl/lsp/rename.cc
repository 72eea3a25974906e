#include "dsl/lsp/rename.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "dsl/lsp/navigate.h"
#include "dsl/syntax/words.h"

namespace fleet::lsp {
namespace {

std::string ticked(const std::string& text) {
  return "`" + text + "`";
}

bool is_name(const std::string& text) {
  const auto letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
  };
  const auto inner = [&](char c) {
    return letter(c) || (c >= '0' && c <= '9');
  };
  return !text.empty() && letter(text.front()) && std::ranges::all_of(text, inner);
}

// Errors by code and message: what counts is that none is new, wherever it moved to.
std::multiset<std::string> errors_of(const Snapshot& snapshot) {
  std::multiset<std::string> found;
  for (const Diagnostic& one : snapshot.diagnostics()) {
    if (one.severity == Severity::kError)
      found.insert(one.code);
  }
  return found;
}

// "/w/a.fleet:12:3"
std::string place_in_file(const Snapshot& snapshot, const Span& span) {
  const LineColumn at = snapshot.sources().get(span.source).locate(span.begin);
  return snapshot.path_of(span.source) + ":" + std::to_string(at.line) + ":" +
         std::to_string(at.column);
}

// The rule that the first of them breaks, and where.
std::string first_new_error(const Snapshot& before, const Snapshot& after) {
  std::multiset<std::string> known = errors_of(before);
  for (const Diagnostic& one : after.diagnostics()) {
    if (one.severity != Severity::kError)
      continue;
    const auto found = known.find(one.code);
    if (found == known.end())
      return one.code + ", " + one.message + " (" + place_in_file(after, one.primary.span) + ")";
    known.erase(found);
  }
  return {};
}

// What is said of each thing, by the places before the edits: has to be the same after them.
using Meaning = std::multimap<FileSpan, FileSpan>;

Meaning meaning_of(const Snapshot& snapshot, const auto& place) {
  Meaning meaning;
  for (const Mention& one : snapshot.names().mentions()) {
    const Named& named = snapshot.names().at(one.named);
    meaning.emplace(place(file_span(snapshot, one.span)),
                    place(file_span(snapshot, named.definitions.front())));
  }
  return meaning;
}

// F107: a place at which the new name would mean another thing than the old one did.
std::string changed_meaning(const Snapshot& after, const Meaning& before) {
  for (const Mention& one : after.names().mentions()) {
    const Span defined = after.names().at(one.named).definitions.front();
    const std::pair<const FileSpan, FileSpan> now(file_span(after, one.span),
                                                  file_span(after, defined));
    const auto [first, last] = before.equal_range(now.first);
    if (std::find(first, last, now) == last)
      return "F107, one name means one thing: at " + place_in_file(after, one.span) +
             " it would mean what is declared at " + place_in_file(after, defined);
  }
  return "F107, one name means one thing, and some place would lose its meaning";
}

// Where a place from before the edits is after them.
class Moved {
 public:
  explicit Moved(const std::vector<FileEdit>& edits) {
    for (const FileEdit& edit : edits)
      edits_[edit.where.path].push_back(&edit);
  }

  FileSpan operator()(FileSpan place) const {
    const auto found = edits_.find(place.path);
    if (found == edits_.end())
      return place;
    std::int64_t shift = 0;
    for (const FileEdit* edit : found->second) {
      const auto grown = static_cast<std::int64_t>(edit->text.size()) -
                         static_cast<std::int64_t>(edit->where.end - edit->where.begin);
      if (edit->where.end <= place.begin)
        shift += grown;
      else if (edit->where.begin == place.begin)
        place.end = static_cast<std::uint32_t>(place.end + grown);
    }
    place.begin = static_cast<std::uint32_t>(place.begin + shift);
    place.end = static_cast<std::uint32_t>(place.end + shift);
    return place;
  }

 private:
  std::map<std::string, std::vector<const FileEdit*>> edits_;
};

// Compiles every fleet that the edits touch with them applied.
std::string why_harmful(Workspace& workspace, const Snapshot& asked,
                        const std::vector<FileEdit>& edits) {
  const std::map<std::string, std::string> texts = apply(workspace.files(), edits);
  std::map<std::string, std::shared_ptr<const Snapshot>> touched;
  touched.emplace(asked.path(), workspace.snapshot(asked.path()));
  for (const auto& [path, text] : texts) {
    for (auto& one : workspace.containing(path))
      touched.emplace(one->path(), std::move(one));
  }
  const Moved moved(edits);
  for (const auto& [path, before] : touched) {
    const std::shared_ptr<const Snapshot> after = workspace.imagine(path, texts);
    if (std::string problem = first_new_error(*before, *after); !problem.empty())
      return problem;
    const auto same = [](const FileSpan& place) {
      return place;
    };
    const Meaning meant = meaning_of(*before, moved);
    if (meant != meaning_of(*after, same))
      return changed_meaning(*after, meant);
  }
  return {};
}

}  // namespace

std::map<std::string, std::string> apply(Files& files, std::vector<FileEdit> edits) {
  std::map<std::string, std::string> texts;
  std::ranges::sort(edits, std::ranges::greater(), &FileEdit::where);
  for (const FileEdit& edit : edits) {
    const auto [text, fresh] = texts.try_emplace(edit.where.path);
    if (fresh)
      text->second = files.read(edit.where.path).text.value_or("");
    text->second.replace(edit.where.begin, edit.where.end - edit.where.begin, edit.text);
  }
  return texts;
}

Renamed prepare_rename(const Snapshot& snapshot, SourceId source, std::uint32_t offset) {
  const Mention* const mention = snapshot.names().find(source, offset);
  if (mention == nullptr)
    return {{}, "no name of yours stands here"};
  const Named& named = snapshot.names().at(mention->named);
  if (named.kind == NameKind::kTest)
    return {{},
            "nothing refers to a test: its claim is text (" +
                place_in_file(snapshot, named.definitions.front()) + ")"};
  const std::string& path = snapshot.path_of(named.definitions.front().source);
  if (!path.starts_with('/') && path != snapshot.path())
    return {{},
            ticked(named.name) +
                " belongs to the standard library, which is part of the compiler (" +
                place_in_file(snapshot, named.definitions.front()) + ")"};
  return {{{file_span(snapshot, mention->span), named.name}}, {}};
}

Renamed rename(Workspace& workspace, const Snapshot& snapshot, SourceId source,
               std::uint32_t offset, const std::string& name) {
  Renamed result = prepare_rename(snapshot, source, offset);
  if (!result.refusal.empty())
    return result;
  const std::string old = std::exchange(result.edits, {}).front().text;
  const Mention& mention = *snapshot.names().find(source, offset);
  const std::string declared =
      " (" + place_in_file(snapshot, snapshot.names().at(mention.named).definitions.front()) + ")";
  if (!is_name(name))
    return {{},
            "F001, " + ticked(name) + " is no name: letters, digits and `_`, a letter first" +
                declared};
  if (syntax::is_clause_word(name))
    return {{}, "F107, " + ticked(name) + " is a word of the language" + declared};
  if (name == old)
    return result;
  for (const Reference& one : references(workspace, snapshot, source, offset))
    result.edits.push_back({one.where, name});
  const std::string problem = why_harmful(workspace, snapshot, result.edits);
  if (!problem.empty())
    return {{}, ticked(old) + " can't be called " + ticked(name) + ": " + problem};
  return result;
}

}  // namespace fleet::lsp
