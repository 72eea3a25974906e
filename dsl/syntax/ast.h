// The syntax tree on one page. It knows grammar only: blocks, assignments and values that are runs
// of atoms. What a key or a word means is decided by dsl/schema and dsl/sema.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dsl/base/source.h"

namespace fleet::ast {

struct Ident {
  std::string text;
  Span span;
};

struct Value;
struct Body;

// A piece of a string: literal text (escapes and `{{` decoded) or a hole `{name}` / `{name.field}`.
struct StringPart {
  bool hole = false;
  std::string text;  // literal text, or the hole's name without braces
  Span span;         // of the piece in the source, braces included
};

// One element of a list or one argument of a call. `name` is set for `key: value`.
struct Argument {
  std::optional<Ident> name;
  std::shared_ptr<Value> value;
};

struct Atom {
  enum class Kind {
    kNumber,    // 8, 0.5          amount in millionths
    kDuration,  // 90s 15min 4h 2d 300ms   amount in milliseconds
    kMoney,     // $3 $1.50        amount in micro-dollars
    kTokens,    // 200ktok 2Mtok 500tok    amount in tokens
    kSize,      // 5GiB 200MB      amount in bytes
    kPercent,   // 80%             amount in millionths of one percent
    kDate,      // 2027-01-31      amount in days since 1970-01-01
    kVersion,   // v7              amount is the number
    kString,    // "…{hole}…" or """…"""
    kName,      // a, a.b.c, core@v4
    kList,      // [ values ]
    kCall,      // f(a, key: v), a.b(c)
    kBlock,     // { items } inside a value (a loop's body)
    kOperator,  // -> .. < <= > >= == & |
    kError,     // something unreadable; already reported, say nothing more about it
  };

  Kind kind = Kind::kError;
  Span span;
  std::int64_t amount = 0;
  std::string text;  // as written for literals and operators; dotted path for kName and kCall
  std::vector<Ident> path;       // kName, kCall: the components
  std::optional<Ident> version;  // kName: `core@v4` gives v4
  std::optional<Ident>
      per;  // a literal or name followed at once by `/word`: $3/task, 5/h, ship/day
  std::vector<StringPart> parts;  // kString
  bool block_string = false;      // kString: written """…"""
  std::vector<Argument> args;     // kList, kCall
  bool unclosed = false;          // kList, kCall: its bracket is not closed, which was reported
  std::shared_ptr<Body> block;    // kBlock
};

// A run of atoms: `backend(task) retry 1 timeout 45min else escalate`. Never empty unless an error
// was reported at its place.
struct Value {
  std::vector<Atom> atoms;
  Span span;
};

struct Assignment {
  Ident key;         // `a.b = …` is not in the language
  bool add = false;  // +=
  Value value;
  std::string doc;  // the text of the `///` lines above, without the slashes
  // It follows another on one line with nothing between, which was reported, and may have been
  // meant as a clause of that.
  bool doubtful = false;
  // It follows a word by which other languages bind names, which was reported.
  bool bound = false;
  // It stands in a statement of another language, which was reported: it is read for mistakes of
  // its own, and nothing follows from it.
  bool lost = false;
  // An arrow before it, which was reported, says what it waits for.
  bool in_row = false;
  Span span;
};

struct Parameter {
  Ident name;
};

struct Block;
struct Use;

struct Body {
  // In source order. Exactly one member of an item is set.
  struct Item {
    std::shared_ptr<Assignment> assignment;
    std::shared_ptr<Block> block;
    std::shared_ptr<Use> use;
  };
  std::vector<Item> items;
  Span span;  // braces included
};

// kind names [vN] [(params)] [: base] [on EVENT] { … }
struct Block {
  Ident kind;
  std::vector<Ident> names;      // empty for `defaults`
  bool name_is_string = false;   // test "…"
  std::optional<Ident> version;  // v4
  bool has_parameters = false;
  std::vector<Parameter> parameters;
  std::optional<Atom> base;  // after ':', a kName; kError if it was unreadable
  std::optional<Value> on;   // after `on`
  bool has_body = false;     // false only where a missing `{` was reported
  bool misread = false;      // something in the header was reported
  Body body;
  std::string doc;
  Span header;  // from the kind to the last token before the body
  Span span;
};

// use std.roles (builder, reviewer) · use "./roles.fleet" (fixer) · use std.roles as r
struct Use {
  std::string path;  // "std.roles" or the string's text
  bool is_file = false;
  Span path_span;
  std::vector<Ident> names;
  std::optional<Ident> alias;
  // Written as another language has it, and reported: `names` are those that it would bring, none
  // where that can't be told.
  bool foreign = false;
  Span span;
};

struct File {
  SourceId source;
  std::string
      doc;    // the `///` lines at the top, which also belong to the first item if it takes one
  Body body;  // uses, blocks and, reported as errors by sema, stray assignments
};

}  // namespace fleet::ast
