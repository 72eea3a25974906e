// Reads a value, a run of atoms, from left to right as the typed thing that its place wants. A
// mismatch is reported once, with both sides; after that the reader is `failed` and every further
// read is silent.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dsl/base/diagnostic.h"
#include "dsl/sema/model.h"
#include "dsl/syntax/ast.h"

namespace fleet::sema {

// Who wants the value: shown as the other side of a mismatch.
struct Want {
  std::string who;  // "`timeout`"
  Span span;        // of that word
};

class Reader {
 public:
  Reader(DiagnosticSink& sink, const ast::Value& value, Want want);

  bool failed() const { return failed_; }
  bool at_end() const { return failed_ || at_ >= value_.atoms.size(); }
  // REQUIRES: !at_end().
  const ast::Atom& peek() const { return value_.atoms[at_]; }
  const ast::Atom& next() { return value_.atoms[at_++]; }
  const Want& want() const { return want_; }
  const ast::Value& value() const { return value_; }

  // Consumes the next atom if it is this plain word or operator.
  bool take_word(std::string_view word);
  bool take_operator(std::string_view text);
  bool next_is(ast::Atom::Kind kind) const;

  // Each reads one atom, or reports and fails. `want` names what the value is for.
  std::optional<plan::Millis> duration(const Want& want);
  std::optional<std::uint64_t> size(const Want& want);
  // A whole number without unit, within the bounds.
  std::optional<std::uint32_t> count(const Want& want, std::uint32_t least, std::uint32_t most);
  // `pers` are the words that may follow the slash; the one found is stored in `per`.
  std::optional<plan::Money> money(const Want& want, const std::vector<std::string>& pers,
                                   std::string* per);
  std::optional<Text> text(const Want& want);
  // A whole percentage from 1 to 100.
  std::optional<std::uint32_t> percent(const Want& want);
  // Days since 1970-01-01.
  std::optional<std::int64_t> date(const Want& want);
  // A whole number per something: `5/h`, with `per` "h".
  std::optional<std::uint32_t> rate(const Want& want, const std::string& per, std::uint32_t most);
  // A glob of files in a tree: dsl/sema/glob.h.
  std::optional<std::string> glob(const Want& want);
  std::optional<std::vector<std::string>> globs(const Want& want);
  // Paths of the machine: without holes, not empty.
  std::optional<std::vector<std::string>> paths(const Want& want);
  std::optional<bool> on_off(const Want& want);

  // Reports that the next atom (or the end) is not `expected`.
  void fail(const Want& want, const std::string& expected);
  // Fails silently: the cause was reported.
  void give_up() { failed_ = true; }
  // Whether a bracket in the value is not closed: what does not fit is then taken for its doing.
  bool unclosed() const { return unclosed_; }
  // Reports what is left over, if anything.
  void finish();
  DiagnosticSink& sink() { return sink_; }

 private:
  // A list of elements that `read` reads.
  template <class Read>
  std::optional<std::vector<std::string>> list_of(const Want& want, const std::string& what,
                                                  const std::string& example, const Read& read);
  const ast::Atom* quantity(const Want& want, ast::Atom::Kind kind, const std::string& expected);

  DiagnosticSink& sink_;
  const ast::Value& value_;
  Want want_;
  std::size_t at_ = 0;
  bool failed_ = false;
  bool unclosed_ = false;
};

// A single plain name: `own`, not `a.b` or `core@v4` or `ship/day`.
bool is_word(const ast::Atom& atom);
bool is_word(const ast::Atom& atom, std::string_view word);
// Of a name or of a call's name; else of the whole atom.
Span name_span(const ast::Atom& atom);
Text text_of(const ast::Atom& string);
// Literal text of a string; nullopt (reported) when it has a hole. `who` takes no holes.
std::optional<std::string> plain_text(DiagnosticSink& sink, const ast::Atom& string,
                                      const std::string& who);
// "a duration", "money a task", …
std::string describe(const ast::Atom& atom);

}  // namespace fleet::sema
