#include "dsl/lsp/hover.h"

#include <algorithm>
#include <string_view>

#include "dsl/base/codes.h"
#include "dsl/lsp/costs.h"
#include "dsl/lsp/cursor.h"
#include "dsl/plan/describe.h"
#include "dsl/schema/schema.h"
#include "dsl/sema/explain.h"
#include "dsl/syntax/tree.h"

namespace fleet::lsp {
namespace {

using syntax::NodeKind;

std::string code_block(std::string_view text) {
  return "```fleet\n" + std::string(text) + "\n```\n";
}

std::string ticked(std::string_view text) {
  return "`" + std::string(text) + "`";
}

// One line of code, however it was laid out.
std::string on_one_line(std::string_view text) {
  std::string line;
  for (const char c : text) {
    const bool blank = c == ' ' || c == '\n' || c == '\r' || c == '\t';
    if (!blank)
      line += c;
    else if (!line.empty() && line.back() != ' ')
      line += ' ';
  }
  return line;
}

std::string place_of(const Snapshot& snapshot, Span span) {
  const Source& source = snapshot.sources().get(span.source);
  const std::string& path = source.name();
  return path.substr(path.find_last_of('/') + 1) + ":" +
         std::to_string(source.locate(span.begin).line);
}

// "fleet.budget", "agent.review.budget": as `fleetc explain` names it.
std::string path_of(const ast::Block& block, const std::string& name) {
  return name.empty() ? block.kind.text : block.kind.text + "." + name;
}

// The layers of one key, what holds in bold.
std::string layers(const Snapshot& snapshot, const sema::Explained& explained) {
  std::string text;
  std::size_t holds = 0;
  for (std::size_t i = 0; i < explained.origins.size(); ++i)
    holds = explained.origins[i].add ? holds : i;
  for (std::size_t i = 0; i < explained.origins.size(); ++i) {
    const sema::Origin& origin = explained.origins[i];
    const bool schema = origin.layer == sema::Layer::kSchema;
    const std::string value = ticked(on_one_line(origin.text));
    text += "- " + (i >= holds ? "**" + value + "**" : value) + " ";
    text += schema ? "by default" : origin.owner + ", " + place_of(snapshot, origin.span);
    text += i < holds ? " (replaced)" : origin.add ? " (added)" : "";
    text += "\n";
  }
  return text;
}

std::string contract(const Snapshot& snapshot, const std::string& path) {
  std::string text;
  for (const sema::Explained& one : sema::explain_value(snapshot.model(), path)) {
    const sema::Origin& last = one.origins.back();
    const bool schema = last.layer == sema::Layer::kSchema;
    text += "- " + ticked(one.name.substr(one.name.find_last_of('.') + 1)) + ": " +
            ticked(on_one_line(last.text)) + (last.add ? " added" : "") +
            (schema ? "" : " · " + last.owner + ", " + place_of(snapshot, last.span)) + "\n";
  }
  return text;
}

std::string header_of(const Snapshot& snapshot, const Named& named) {
  if (named.block != nullptr && named.kind != NameKind::kParameter)
    return std::string(snapshot.sources().text(named.block->header));
  if (named.step != nullptr && named.kind == NameKind::kStep)
    return on_one_line(snapshot.sources().text(named.whole()));
  if (named.kind == NameKind::kModule)
    return std::string(snapshot.sources().text(named.whole()));
  return {};
}

std::string row_text(std::string_view form, std::string_view doc) {
  return code_block(form) + std::string(doc) + "\n";
}

// What the word of a key, clause, edge, source or hole means at its place.
class WordHover {
 public:
  WordHover(const Snapshot& snapshot, SourceId source, std::uint32_t offset)
      : snapshot_(snapshot),
        source_(source),
        tree_(snapshot.tree(source)),
        offset_(offset),
        cursor_(find_cursor(tree_, offset)) {}

  std::optional<Hover> run() {
    for (const syntax::Node& node : tree_.nodes()) {
      if (node.first_child != 0 || node.length == 0 || node.offset > offset_ ||
          offset_ > node.end())
        continue;
      std::string text = node.kind == NodeKind::kString || node.kind == NodeKind::kBlockString
                             ? hole(node)
                             : word(std::string(tree_.text().substr(node.offset, node.length)));
      if (!text.empty())
        return Hover{std::move(text), span_.value_or(Span{source_, node.offset, node.end()})};
    }
    return std::nullopt;
  }

 private:
  std::string word(const std::string& word) {
    if (cursor_.where == Cursor::Where::kStatement) {
      std::string text = key(word);
      return text.empty() ? kind(word) : text;
    }
    if (cursor_.where != Cursor::Where::kValue)
      return {};
    if (cursor_.in_flow())
      return flow_word(word);
    return closed_word(word);
  }

  std::string kind(const std::string& word) {
    const schema::Kind* const kind = schema::find_kind(word);
    return kind == nullptr ? std::string() : row_text(kind->form, kind->doc);
  }

  // The declaration whose body the offset is in.
  const ast::Block* block() const {
    const ast::File* const file = snapshot_.file(source_);
    if (file == nullptr || cursor_.bodies.empty())
      return nullptr;
    for (const ast::Block* one : blocks_of(*file)) {
      if (one->has_body && one->body.span.begin == cursor_.bodies.back())
        return one;
    }
    return nullptr;
  }

  std::string key(const std::string& word) {
    const schema::Kind* const kind = schema::find_kind(cursor_.kind());
    const schema::Key* const key = kind == nullptr ? nullptr : schema::find_key(*kind, word);
    if (key == nullptr)
      return {};
    std::string text = row_text(word + " = " + std::string(key->form), key->doc);
    const ast::Block* const around = block();
    if (around == nullptr)
      return text;
    const std::string name = around->names.empty() ? "" : around->names.front().text;
    for (const sema::Explained& one :
         sema::explain_value(snapshot_.model(), path_of(*around, name) + "." + word))
      text += "\n" + layers(snapshot_, one);
    if (word == "budget" && around->kind.text == "fleet")
      text += cost_of_day(snapshot_);
    return text;
  }

  std::string closed_word(const std::string& word) {
    const schema::Kind* const kind = schema::find_kind(cursor_.kind());
    const schema::Key* const key =
        kind == nullptr ? nullptr : schema::find_key(*kind, std::string(cursor_.key));
    const bool known = key != nullptr &&
                       std::ranges::find(key->words, word, &schema::Word::text) != key->words.end();
    return known ? row_text(std::string(key->name) + " = " + std::string(key->form), key->doc)
                 : std::string();
  }

  std::string flow_word(const std::string& word) {
    if (cursor_.back(0) == ".") {
      if (word == "merge" && cursor_.back(1) == "repo")
        return form("repo.merge");
      const schema::Entry* const edge = schema::find_edge(word);
      return edge == nullptr ? output(word) : row_text(edge->form, edge->doc);
    }
    const bool head = cursor_.back(0) == "=" || cursor_.back(0) == "(" || cursor_.back(0) == ",";
    if (head && !form(word).empty())
      return form(word);
    if (word == "repo")
      return form("repo.merge");
    if (cursor_.back(0) == "in") {
      const schema::Entry* const source = schema::find_source(word);
      return source == nullptr ? std::string() : row_text(source->form, source->doc);
    }
    const schema::Clause* const clause = schema::find_clause(word);
    if (clause != nullptr && cursor_.brackets.empty())
      return row_text(clause->form, clause->doc);
    if (cursor_.back(0) == "else" || cursor_.back(0) == "force") {
      const schema::Clause* const around = schema::find_clause(cursor_.back(0));
      return row_text(around->form, around->doc);
    }
    return {};
  }

  static std::string form(const std::string& word) {
    const schema::StepForm* const form = word.empty() ? nullptr : schema::find_step(word);
    return form == nullptr ? std::string() : row_text(form->form, form->doc);
  }

  static std::string output(const std::string& word) {
    if (word == "diff" || word == "branch")
      return row_text("STEP." + word, "The commit that the step made: work goes on from there.");
    if (word == "findings")
      return row_text("REVIEW.findings", "What the review wants changed, each an item.");
    return {};
  }

  std::string hole(const syntax::Node& node) {
    const std::string_view text = tree_.text().substr(node.offset, node.length);
    const std::size_t open = text.rfind('{', offset_ - node.offset);
    const std::size_t close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos || node.offset + close < offset_)
      return {};
    const auto begin = static_cast<std::uint32_t>(node.offset + open);
    span_ = Span{source_, begin, static_cast<std::uint32_t>(node.offset + close + 1)};
    const schema::Entry* const entry = schema::find_hole(text.substr(open + 1, close - open - 1));
    return entry == nullptr ? std::string() : row_text(entry->form, entry->doc);
  }

  const Snapshot& snapshot_;
  SourceId source_;
  const syntax::Tree& tree_;
  std::uint32_t offset_;
  Cursor cursor_;
  std::optional<Span> span_;
};

std::string problems_at(const Snapshot& snapshot, SourceId source, std::uint32_t offset) {
  std::string text;
  for (const Diagnostic& one : snapshot.diagnostics()) {
    const Span& span = one.primary.span;
    const CodeRow* const row = find_code(one.code);
    if (row != nullptr && span.source == source && contains(span, offset))
      text += "\n---\n**" + one.code + "** " + std::string(row->title) + ": " +
              std::string(row->explanation) + "\n";
  }
  return text;
}

}  // namespace

std::string describe(const Snapshot& snapshot, const Named& named) {
  const std::string header = header_of(snapshot, named);
  std::string text = header.empty() ? "" : code_block(header);
  if (header.empty())
    text = std::string(word_of(named.kind)) + " " + ticked(named.name) + "\n";
  if (!named.doc.empty())
    text += "\n" + named.doc + "\n";
  text += cost_of(snapshot, named);
  const bool has_keys = named.block != nullptr && named.kind != NameKind::kParameter &&
                        named.kind != NameKind::kTest && named.kind != NameKind::kFleet;
  const std::string keys =
      has_keys ? contract(snapshot, path_of(*named.block, named.name)) : std::string();
  if (!keys.empty())
    text += "\n" + keys;
  return text;
}

std::optional<Hover> hover(const Snapshot& snapshot, SourceId source, std::uint32_t offset) {
  std::optional<Hover> found;
  if (const Mention* const mention = snapshot.names().find(source, offset))
    found = Hover{describe(snapshot, snapshot.names().at(mention->named)), mention->span};
  else
    found = WordHover(snapshot, source, offset).run();
  const std::string problems = problems_at(snapshot, source, offset);
  if (!found && !problems.empty())
    found = Hover{"", {source, offset, offset}};
  if (found)
    found->markdown += problems;
  return found;
}

std::string explain_page(const std::string& code) {
  const CodeRow* const row = find_code(code);
  if (row == nullptr)
    return {};
  std::string page = "# " + std::string(row->code) + ": " + std::string(row->title) + "\n\n" +
                     std::string(row->explanation) + "\n";
  if (!row->bad.empty())
    page += "\nWrong:\n\n" + code_block(row->bad);
  if (!row->good.empty())
    page += "\nRight:\n\n" + code_block(row->good);
  return page;
}

}  // namespace fleet::lsp
