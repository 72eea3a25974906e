#include "dsl/lsp/word_hover.h"

#include <algorithm>
#include <array>

#include "dsl/lsp/costs.h"
#include "dsl/lsp/cursor.h"
#include "dsl/schema/schema.h"
#include "dsl/sema/explain.h"
#include "dsl/syntax/tree.h"

namespace fleet::lsp {
namespace {

using syntax::Node;
using syntax::NodeKind;

template <class Row>
std::string row_text(const Row* row) {
  return row == nullptr ? std::string() : code_block(row->form) + std::string(row->doc) + "\n";
}

// The layers of one key, oldest first; what holds in bold.
std::string layers(const Snapshot& snapshot, const sema::Explained& explained) {
  std::string text;
  std::size_t holds = 0;
  for (std::size_t i = 0; i < explained.origins.size(); ++i)
    holds = explained.origins[i].add ? holds : i;
  for (std::size_t i = 0; i < explained.origins.size(); ++i) {
    const sema::Origin& origin = explained.origins[i];
    const bool schema = origin.layer == sema::Layer::kSchema;
    const std::string value = "`" + on_one_line(origin.text) + "`";
    text += "- " + std::string(i > holds ? "and " : "") +
            (i >= holds ? "**" + value + "**" : value) + " ";
    text += schema ? "by default" : origin.owner + ", " + place_of(snapshot, origin.span);
    text += i < holds ? " (replaced)" : "";
    text += "\n";
  }
  return text;
}

bool says_nothing(NodeKind kind) {
  return kind == NodeKind::kComment || kind == NodeKind::kDoc || kind == NodeKind::kNewline;
}

// One leaf of the text. The cursor stands before it, so that what it is follows what leads up to
// it.
class WordHover {
 public:
  WordHover(const Snapshot& snapshot, SourceId source, const Node& leaf, std::uint32_t offset)
      : snapshot_(snapshot),
        source_(source),
        tree_(snapshot.tree(source)),
        leaf_(leaf),
        offset_(offset),
        text_(tree_.text().substr(leaf.offset, leaf.length)),
        cursor_(find_cursor(tree_, leaf.offset)) {}

  std::optional<Hover> run() {
    std::string text = of_leaf();
    if (text.empty())
      return std::nullopt;
    return Hover{std::move(text), span_.value_or(Span{source_, leaf_.offset, leaf_.end()})};
  }

 private:
  using Where = Cursor::Where;

  bool is_string() const {
    return leaf_.kind == NodeKind::kString || leaf_.kind == NodeKind::kBlockString;
  }
  bool is_word() const { return leaf_.kind == NodeKind::kIdent || leaf_.kind == NodeKind::kWord; }
  char after() const {
    return leaf_.end() < tree_.text().size() ? tree_.text()[leaf_.end()] : '\0';
  }

  std::string of_leaf() {
    if (is_string()) {
      if (std::string text = hole(); !text.empty())
        return text;
    }
    switch (cursor_.where) {
      case Where::kStatement: return statement();
      case Where::kHeader: return header();
      case Where::kUse: return row_text(schema::find_form("use"));
      case Where::kValue:
        if (cursor_.in_flow() && cursor_.key != "accept")
          return with_unit(is_word() ? flow_word() : flow_place());
        return with_unit(value_of_key());
      case Where::kString:
      case Where::kNothing: return {};
    }
    return {};
  }

  // What a literal is by itself, below what it is there for.
  std::string with_unit(std::string text) const {
    const bool per = cursor_.back(0) == "/";
    const schema::Entry* const unit = per ? schema::find_per(text_)
                                      : leaf_.kind == NodeKind::kLiteralText
                                          ? schema::find_unit(text_)
                                          : nullptr;
    if (unit != nullptr)
      text += "\n`" + std::string(text_) + "`: " + std::string(unit->doc) + " `" +
              std::string(unit->form) + "`\n";
    return text;
  }

  std::string statement() {
    const std::string text = key();
    if (!text.empty())
      return text;
    return text_ == "use" ? row_text(schema::find_form("use")) : row_text(schema::find_kind(text_));
  }

  std::string header() const {
    const std::string_view kind = cursor_.before.front().text;
    if (schema::find_unit(text_) != nullptr)
      return row_text(schema::find_form("version"));
    if (text_ == "on")
      return row_text(schema::find_form("on"));
    const std::string text = event();
    return text.empty() ? row_text(schema::find_kind(kind)) : text;
  }

  // `task.NAME`, `pr.opened`, `file("glob")`: after the word `on`.
  std::string event() const {
    for (std::size_t i = 0; i < 4 && i < cursor_.before.size(); ++i) {
      if (cursor_.back(i) != "on")
        continue;
      const std::string first(i == 0 ? text_ : cursor_.back(i - 1));
      const std::string whole = first + "." + std::string(i == 2 ? text_ : "");
      const schema::Entry* const exact = schema::find_event(whole);
      const bool request = first == "pr";
      return row_text(exact != nullptr ? exact : schema::find_event(request ? "pr.opened" : first));
    }
    return {};
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

  static std::string row_of(const schema::Key& key) {
    return code_block(std::string(key.name) + " = " + std::string(key.form)) +
           std::string(key.doc) + "\n";
  }

  std::string key() const {
    const schema::Kind* const kind = schema::find_kind(cursor_.kind());
    const schema::Key* const key = kind == nullptr ? nullptr : schema::find_key(*kind, text_);
    if (key == nullptr)
      return {};
    std::string text = row_of(*key);
    const ast::Block* const around = block();
    if (around == nullptr)
      return text;
    const std::string name = around->names.empty() ? "" : around->names.front().text;
    for (const sema::Explained& one :
         sema::explain_value(snapshot_.model(), path_of(*around, name) + "." + std::string(text_)))
      text += "\n" + layers(snapshot_, one);
    if (text_ == "budget" && around->kind.text == "fleet")
      text += cost_of_day(snapshot_);
    return text;
  }

  std::string value_of_key() const {
    const schema::Kind* const kind = schema::find_kind(cursor_.kind());
    const schema::Key* const key = kind == nullptr ? nullptr : schema::find_key(*kind, cursor_.key);
    if (key == nullptr)
      return {};
    const bool test = kind->name == "test";
    if (test && cursor_.back(0) == "." && schema::find_edge(text_) != nullptr)
      return row_text(schema::find_edge(text_));
    std::string text = row_of(*key);
    const schema::Word* const word = schema::find_word(*key, text_);
    if (word != nullptr && !word->doc.empty())
      text += "\n`" + std::string(text_) + "`: " + std::string(word->doc) + "\n";
    const std::string raised = key->name == "dispatch" ? event() : std::string();
    return raised.empty() ? text : text + "\n" + raised;
  }

  std::string flow_word() const {
    if (cursor_.back(0) == ".")
      return member();
    if (cursor_.back(0) == "/")
      return flow_place();
    const bool head = cursor_.back(0) == "=" || after() == '(';
    if (head && schema::find_step(text_) != nullptr)
      return row_text(schema::find_step(text_));
    if (text_ == "repo")
      return row_text(schema::find_step("repo.merge"));
    if (text_ == "route" && after() == '(')
      return row_text(schema::find_form("route"));
    if (after() == '(')
      return row_text(schema::find_source(text_));
    if (!cursor_.brackets.empty())
      return argument();
    if (text_ == "in" || text_ == "to")
      return row_text(schema::find_step("fanout"));
    if (const schema::Clause* const clause = schema::find_clause(text_))
      return row_text(clause);
    const bool chosen = cursor_.back(0) == "else" || cursor_.back(0) == "force";
    return chosen ? row_text(schema::find_clause(cursor_.back(0))) : std::string();
  }

  // An edge, an output, a field of the item, or `merge` of the repository.
  std::string member() const {
    if (text_ == "merge" && cursor_.back(1) == "repo")
      return row_text(schema::find_step("repo.merge"));
    if (!cursor_.brackets.empty() && cursor_.brackets.back().call == "route")
      return row_text(schema::find_form("route"));
    const schema::Entry* const edge = schema::find_edge(text_);
    return row_text(edge != nullptr ? edge : schema::find_output(text_));
  }

  // A word that only its call gives a meaning: `into:`, `sandbox: off`, what `route` asks for.
  std::string argument() const {
    const Cursor::Bracket& bracket = cursor_.brackets.back();
    const bool named = after() == ':' || bracket.call == "route" || bracket.name == "sandbox" ||
                       bracket.name == "as";
    return named ? flow_place() : std::string();
  }

  // The call or the clause that a literal, a string or a sign belongs to.
  std::string flow_place() const {
    for (auto one = cursor_.brackets.rbegin(); one != cursor_.brackets.rend(); ++one) {
      if (one->call.empty())
        continue;
      if (one->call == "route")
        return row_text(schema::find_form("route"));
      if (const schema::Entry* const source = schema::find_source(one->call))
        return row_text(source);
      const schema::StepForm* const form = schema::find_step(one->call);
      return row_text(form != nullptr ? form : schema::find_step(""));
    }
    for (auto one = cursor_.before.rbegin(); one != cursor_.before.rend(); ++one) {
      if (const schema::Clause* const clause = schema::find_clause(one->text))
        return row_text(clause);
    }
    const std::string_view head = cursor_.before.size() > 2 ? cursor_.before[2].text : "";
    return head.empty() ? std::string() : row_text(schema::find_step(head));
  }

  std::string hole() {
    const std::size_t open = text_.rfind('{', offset_ - leaf_.offset);
    const std::size_t close = open == std::string_view::npos ? open : text_.find('}', open);
    if (close == std::string_view::npos || leaf_.offset + close < offset_)
      return {};
    const std::string_view name = text_.substr(open + 1, close - open - 1);
    std::string text = row_text(schema::find_hole(name.substr(0, name.find('.'))));
    if (!text.empty())
      span_ = Span{source_, static_cast<std::uint32_t>(leaf_.offset + open),
                   static_cast<std::uint32_t>(leaf_.offset + close + 1)};
    return text;
  }

  const Snapshot& snapshot_;
  SourceId source_;
  const syntax::Tree& tree_;
  const Node& leaf_;
  std::uint32_t offset_;
  std::string_view text_;
  Cursor cursor_;
  std::optional<Span> span_;
};

}  // namespace

std::string code_block(std::string_view text) {
  return "```fleet\n" + std::string(text) + "\n```\n";
}

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

std::string path_of(const ast::Block& block, const std::string& name) {
  return name.empty() ? block.kind.text : block.kind.text + "." + name;
}

std::optional<Hover> hover_of_word(const Snapshot& snapshot, SourceId source,
                                   std::uint32_t offset) {
  // What begins there or goes on, before what ends there.
  std::array<const Node*, 2> touching{};
  for (const Node& node : snapshot.tree(source).nodes()) {
    const bool leaf = node.first_child == 0 && node.length > 0 && !says_nothing(node.kind);
    if (leaf && node.offset <= offset && offset <= node.end())
      touching[offset < node.end() ? 0 : 1] = &node;
  }
  for (const Node* const leaf : touching) {
    if (leaf == nullptr)
      continue;
    if (std::optional<Hover> found = WordHover(snapshot, source, *leaf, offset).run())
      return found;
  }
  return std::nullopt;
}

}  // namespace fleet::lsp
