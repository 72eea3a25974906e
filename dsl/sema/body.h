// What the bodies of all declarations have in common: each key known, and said once.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "dsl/schema/schema.h"
#include "dsl/sema/reader.h"
#include "dsl/sema/scope.h"

namespace fleet::sema {

// Checks one assignment against the schema: F104 unknown key, F106 said before in `seen`,
// F202 `+=` on a single value. nullptr: reported, skip it.
const schema::Key* check_key(Context& context, const schema::Kind& kind,
                             const ast::Assignment& assignment, std::map<std::string, Span>& seen);

// A declaration whose `{` is missing leaves its lines to the body around it; that they are there
// was reported once. Shown the items of a body in order.
class LostLines {
 public:
  explicit LostLines(const SourceMap& sources) : sources_(sources) {}

  // Whether the item is such a line: say nothing about it.
  bool take(const ast::Body::Item& item);
  // The same among steps, any of which may have any name: only what stands further right.
  bool take_step(const ast::Body::Item& item);

 private:
  std::uint32_t column(const Span& span) const {
    return sources_.get(span.source).locate(span.begin).column;
  }

  const SourceMap& sources_;
  void begin(const ast::Body::Item& item);

  std::string_view kind_;       // of the declaration whose lines are lost
  std::optional<Span> header_;  // of it
};

// Whether something in the body is set that is no key of the kind, which is reported: it may have
// been meant as one that seems to be missing.
bool has_unknown_key(const schema::Kind& kind, const ast::Body& body);

// F104 for a block whose kind is none; `around` is what it stands in.
void say_unknown_kind(Context& context, const ast::Block& block, const schema::Kind* around);

// Calls `read` for each good key of a body that holds keys only; blocks and uses in it are
// reported.
void walk_keys(Context& context, const schema::Kind& kind, const ast::Body& body,
               const std::function<void(const schema::Key&, const ast::Assignment&)>& read);

// F104 for a block or use that cannot stand in a declaration of `kind`.
void say_misplaced(Context& context, const ast::Body::Item& item, const std::string& kind);

// One word of the key's closed set; nullptr: reported.
const schema::Word* read_word(Context& context, const schema::Key& key, Reader& reader);

// F108 for each required key that the body does not set. `further` are required here as well.
void require_keys(Context& context, const schema::Kind& kind, const ast::Block& block,
                  const std::set<std::string>& further);

Want want_of(const ast::Assignment& assignment);
Origin origin_of(Context& context, Layer layer, const std::string& owner,
                 const ast::Assignment& assignment);

}  // namespace fleet::sema
