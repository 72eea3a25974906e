// The grammar. It is total: every text matches, and what fits nothing becomes a node that says so.
// That rests on two rules. After an opening bracket no rule may fail, so that nothing nested is
// ever read twice; and every rule under a star consumes, which `analyze` proves in the tests.
//
// Private to dsl/syntax (and the test of that proof): the only place that knows PEGTL. Rules that
// are `Made` leave a node, the others only group. No `must`: a mistake is a node, never an
// exception.
#pragma once

#include <cstdint>
#include <string_view>

#include <tao/pegtl.hpp>
#include <tao/pegtl/contrib/analyze_traits.hpp>

#include "dsl/syntax/foreign.h"
#include "dsl/syntax/lookahead.h"
#include "dsl/syntax/reading.h"
#include "dsl/syntax/tree.h"

namespace fleet::syntax::grammar {

namespace pegtl = tao::pegtl;
using pegtl::any;
using pegtl::at;
using pegtl::eof;
using pegtl::not_at;
using pegtl::not_one;
using pegtl::one;
using pegtl::opt;
using pegtl::plus;
using pegtl::seq;
using pegtl::sor;
using pegtl::star;
using pegtl::string;

template <NodeKind K, typename... Rules>
struct Made : seq<Rules...> {
  static constexpr NodeKind kNode = K;
};

// An empty node that marks what is not there.
template <NodeKind K>
struct Missing : pegtl::success {
  static constexpr NodeKind kNode = K;
};

// Succeeds without consuming when the question about the text ahead is answered yes.
template <bool (*Question)(std::string_view)>
struct Ahead {
  using rule_t = Ahead;
  using subs_t = pegtl::type_list<>;
  template <typename Input>
  static bool match(Input& in) {
    return Question(std::string_view(in.current(), in.size(0)));
  }
};

// The same, asked of the state of the reading at this offset.
template <bool (Reading::*Question)(std::uint32_t) const>
struct AheadIn {
  using rule_t = AheadIn;
  using subs_t = pegtl::type_list<>;
  template <pegtl::apply_mode A, pegtl::rewind_mode M, template <typename...> class Action,
            template <typename...> class Control, typename Input>
  static bool match(Input& in, Reading& reading) {
    return (reading.*Question)(static_cast<std::uint32_t>(in.current() - in.begin()));
  }
};

// Past the depth limit: takes the bracket that begins here to its end, or to the end of the text,
// without recursion and without looking inside beyond strings and comments.
struct TooDeep {
  static constexpr NodeKind kNode = NodeKind::kTooDeep;
  using rule_t = TooDeep;
  using subs_t = pegtl::type_list<>;
  template <pegtl::apply_mode A, pegtl::rewind_mode M, template <typename...> class Action,
            template <typename...> class Control, typename Input>
  static bool match(Input& in, Reading& reading);
};

// ---- Trivia

struct Blank : one<' ', '\t', '\r', '\f', '\v'> {};
struct Gap : star<Blank> {};
struct Newline : Made<NodeKind::kNewline, one<'\n'>> {};
struct LineEnd : sor<one<'\n'>, string<'\r', '\n'>, eof> {};
struct LineRest : star<not_at<LineEnd>, any> {};
struct Slashes : string<'/', '/'> {};
struct Doc : Made<NodeKind::kDoc, string<'/', '/', '/'>, not_at<one<'/'>>, LineRest> {};
struct PlainComment : Made<NodeKind::kComment, Slashes, LineRest> {};
struct Comment : sor<Doc, PlainComment> {};
struct Trivia : star<sor<Blank, Newline, Comment>> {};
// To a later line, when something follows there that can belong to this statement.
struct LineBreak : seq<Gap, opt<Comment>, Gap, Newline, Trivia> {};
struct Joined
    : seq<LineBreak, not_at<sor<Ahead<assignment_ahead>, AheadIn<&Reading::declaration_below>,
                                one<'}', ';'>, eof>>> {};
struct JoinedClause : seq<LineBreak, Ahead<clause_ahead>> {};
// Inside brackets a newline is a blank, unless a statement begins after it.
struct Pad : star<sor<Blank, Comment, seq<Newline, not_at<Ahead<statement_ahead>>>>> {};

// ---- Words and literals

struct HighByte : pegtl::range<'\x80', '\xFF'> {};
struct WordChar : pegtl::identifier_other {};
struct Ident : Made<NodeKind::kIdent, sor<pegtl::identifier_first, HighByte>,
                    star<sor<WordChar, HighByte, seq<one<'-'>, at<WordChar>>>>> {};
struct MissingName : Missing<NodeKind::kMissingName> {};
struct NameOrMissing : sor<Ident, MissingName> {};
struct Comma : Made<NodeKind::kComma, one<','>> {};
struct Colon : Made<NodeKind::kColon, one<':'>> {};
struct Semicolon : Made<NodeKind::kSemicolon, one<';'>> {};
struct Dot : Made<NodeKind::kDot, one<'.'>, not_at<one<'.'>>> {};
struct AtSign : Made<NodeKind::kAt, one<'@'>> {};
struct Slash : Made<NodeKind::kSlash, one<'/'>, not_at<one<'/', '*'>>> {};
struct Per : Made<NodeKind::kPer, Slash, NameOrMissing> {};

// Everything that clings to a digit or a `$`; what it is, or is not, shows in dsl/syntax/literal.
struct LiteralChar : sor<WordChar, HighByte, one<'%'>, seq<one<'.'>, at<pegtl::digit>>,
                         seq<one<'-'>, at<WordChar>>> {};
struct LiteralText : Made<NodeKind::kLiteralText, sor<pegtl::digit, one<'$'>>, star<LiteralChar>> {
};
struct Literal : Made<NodeKind::kLiteral, LiteralText, opt<Per>> {};

struct Quotes : string<'"', '"', '"'> {};
struct BlockString
    : Made<NodeKind::kBlockString, Quotes, star<not_at<Quotes>, any>, sor<Quotes, eof>> {};
struct StringChar : sor<seq<one<'\\'>, not_at<LineEnd>, any>, seq<not_at<LineEnd>, not_one<'"'>>> {
};
// A string that is not closed ends with its line.
// Unless one of the next lines is clearly its end.
template <char Quote>
struct QuoteBelow {
  using rule_t = QuoteBelow;
  using subs_t = pegtl::type_list<>;
  template <typename Input>
  static bool match(Input& in) {
    const std::size_t length = length_to_quote({in.current(), in.size(0)}, Quote);
    in.bump(length);
    return length > 0;
  }
};
struct String
    : Made<NodeKind::kString, one<'"'>, star<StringChar>, opt<sor<one<'"'>, QuoteBelow<'"'>>>> {};

struct Operator : Made<NodeKind::kOperator, not_at<sor<string<'&', '&'>, string<'|', '|'>>>,
                       sor<string<'-', '>'>, string<'.', '.'>, string<'<', '='>, string<'>', '='>,
                           string<'=', '='>, one<'<', '>', '&', '|'>>> {};

// ---- What fits nowhere, taken in pieces that one message can be about

struct HashComment : seq<sor<one<'#'>, string<'-', '-'>>, LineRest> {};
struct StarComment
    : seq<string<'/', '*'>, star<not_at<string<'*', '/'>>, any>, opt<string<'*', '/'>>> {};
struct SingleQuoted
    : seq<one<'\''>, star<not_at<LineEnd>, not_one<'\''>>, opt<sor<one<'\''>, QuoteBelow<'\''>>>> {
};
struct BackQuoted : seq<one<'`'>, star<not_at<LineEnd>, not_one<'`'>>, opt<one<'`'>>> {};
struct ForeignOperator
    : sor<string<'&', '&'>, string<'|', '|'>, string<'!', '='>, string<'=', '>'>> {};
template <char... Ends>
struct Unexpected
    : Made<NodeKind::kUnexpected, not_at<one<Ends...>>,
           sor<HashComment, StarComment, SingleQuoted, BackQuoted, ForeignOperator, any>> {};

// ---- Values. A run of atoms in one of three places: a statement, a header (which ends at `{`), or
// brackets (which a newline does not end).

struct Body;
struct InStatement;
struct InHeader;
struct InBrackets;

template <char Open>
struct Opening : Made<NodeKind::kOpen, one<Open>> {};
struct MissingClose : Missing<NodeKind::kMissingClose> {};
template <char Close>
struct Closing : Made<NodeKind::kClose, one<Close>> {};

template <typename Place>
struct Run;
template <typename Place>
struct Value : Made<NodeKind::kValue, Run<Place>> {};
struct MissingValue : Missing<NodeKind::kMissingValue> {};

struct ArgumentName : seq<Ahead<argument_name_ahead>, Ident, Gap, Colon, Pad> {};
struct Argument
    : Made<NodeKind::kArgument,
           sor<seq<ArgumentName, sor<Value<InBrackets>, MissingValue>>, Value<InBrackets>>> {};

// A closing bracket of the other kind closes this one, unless it closes one further out.
struct ClosesParen : AheadIn<&Reading::paren_closes_other> {};
struct ClosesSquare : AheadIn<&Reading::square_closes_other> {};
struct WrongParen : Made<NodeKind::kWrongClose, not_at<ClosesParen>, one<')'>> {};
struct WrongSquare : Made<NodeKind::kWrongClose, not_at<ClosesSquare>, one<']'>> {};

template <char Open, char Close, typename Wrong>
struct Bracketed : seq<Opening<Open>, star<seq<Pad, sor<Comma, Argument>>>,
                       sor<seq<Pad, sor<Closing<Close>, Wrong>>, MissingClose>> {};
struct Arguments : Made<NodeKind::kArguments, Bracketed<'(', ')', WrongSquare>> {
  static constexpr char kBracket = '(';
};
struct List : Made<NodeKind::kList, Bracketed<'[', ']', WrongParen>> {
  static constexpr char kBracket = '[';
};
struct Group : Made<NodeKind::kGroup, Bracketed<'(', ')', WrongSquare>> {
  static constexpr char kBracket = '(';
};

struct Path : seq<Ident, star<Dot, NameOrMissing>> {};
struct Version : Made<NodeKind::kVersion, Ahead<version_ahead>, Ident> {};
struct PlainName : Made<NodeKind::kName, Path, opt<AtSign, NameOrMissing>> {};
struct Name : Made<NodeKind::kName, Path, opt<AtSign, NameOrMissing>, opt<Per>,
                   opt<at<one<'('>>, sor<TooDeep, Arguments>>> {};

struct Atom
    : sor<BlockString, String, Literal, Name, seq<at<one<'(', '[', '{'>>, TooDeep>, List, Group> {};

template <typename Place>
struct AtomIn;
template <>
struct AtomIn<InStatement> : sor<Atom, Body, Unexpected<'\n', ';', '}'>> {};
template <>
struct AtomIn<InHeader> : sor<seq<not_at<one<'{'>>, Atom>, Unexpected<'\n', ';', '}', '{'>> {};
// `f({ key: value })`: a thing of its own, and no sign that the bracket was left open.
struct BracesValue {
  static constexpr NodeKind kNode = NodeKind::kUnexpected;
  using rule_t = BracesValue;
  using subs_t = pegtl::type_list<>;
  template <pegtl::apply_mode A, pegtl::rewind_mode M, template <typename...> class Action,
            template <typename...> class Control, typename Input>
  static bool match(Input& in, Reading&) {
    const std::size_t length = braces_value_length({in.current(), in.size(0)});
    in.bump(length);
    return length > 0;
  }
};
template <>
struct AtomIn<InBrackets> : sor<BracesValue, seq<not_at<one<'{'>>, Atom>,
                                Unexpected<'\n', ';', '}', '{', ',', ')', ']'>> {};

template <typename Place>
struct EndOf;
template <>
struct EndOf<InStatement> : sor<one<'\n', ';', '}'>, Slashes, eof, Ahead<assignment_ahead>> {};
template <>
struct EndOf<InHeader> : sor<one<'\n', ';', '}', '{'>, Slashes, eof> {};
template <>
struct EndOf<InBrackets>
    : sor<one<'\n', ';', '}', '{', ',', ')', ']'>, eof, Ahead<argument_name_ahead>> {};

template <typename Place>
struct Between : sor<JoinedClause, Gap> {};
template <>
struct Between<InBrackets> : Pad {};
template <>
struct Between<InHeader> : Gap {};

template <typename Place>
struct Piece : sor<seq<Operator, opt<Joined>>, AtomIn<Place>> {};
template <>
struct Piece<InBrackets> : sor<Operator, AtomIn<InBrackets>> {};

template <typename Place>
struct Run
    : seq<not_at<Slashes>, Piece<Place>, star<Between<Place>, not_at<EndOf<Place>>, Piece<Place>>> {
};

// ---- Items of a body

struct AssignMark
    : Made<NodeKind::kAssignMark, sor<string<'+', '='>, string<'-', '='>, string<':', '='>,
                                      string<'=', '='>, one<'=', ':'>>> {};
struct Assignment : Made<NodeKind::kAssignment, Ahead<assignment_like_ahead>, Ident, Gap,
                         AssignMark, sor<Joined, Gap>, sor<Value<InStatement>, MissingValue>> {
  static constexpr bool kStatement = true;
};

struct HeaderEnd : sor<one<'{', '\n', ';', '}'>, Slashes, eof> {};
struct HeaderJunk
    : Made<NodeKind::kUnexpected, not_at<HeaderEnd>, sor<Operator, AtomIn<InHeader>>> {};
struct BodyOrDeep : sor<seq<at<one<'{'>>, TooDeep>, Body> {};
// A `{` on the line below its header is taken for what it is meant to be, and reported.
struct BodyBelow : seq<LineBreak, BodyOrDeep> {};
struct MissingBody : Missing<NodeKind::kMissingBody> {};

struct NamesBreak : sor<seq<LineBreak, not_at<Ahead<assignment_ahead>>>, Gap> {};
struct Names
    : Made<NodeKind::kNames, sor<String, seq<Ident, star<Gap, Comma, NamesBreak, NameOrMissing>>>> {
};
struct Base : Made<NodeKind::kBase, Colon, Gap, sor<PlainName, MissingName>> {};
struct OnWord : Made<NodeKind::kWord, Ahead<on_ahead>, string<'o', 'n'>> {};
struct On
    : Made<NodeKind::kOn, OnWord, Gap, sor<seq<not_at<HeaderEnd>, Value<InHeader>>, MissingValue>> {
};
struct Parameters : seq<at<one<'('>>, sor<TooDeep, Arguments>> {};
// In any order: the one that the language wants is checked with the tree at hand.
struct HeaderPart : seq<Gap, sor<Version, Parameters, Base, On, HeaderJunk>> {};
struct Block : Made<NodeKind::kBlock, Ident, opt<Gap, not_at<Ahead<on_ahead>>, Names>,
                    star<HeaderPart>, sor<seq<Gap, BodyOrDeep>, BodyBelow, MissingBody>> {
  static constexpr bool kStatement = true;
};

struct UseWord : Made<NodeKind::kWord, Ahead<use_ahead>, string<'u', 's', 'e'>> {};
struct UsePath : Made<NodeKind::kUsePath, sor<String, seq<Path, opt<AtSign, NameOrMissing>>>> {};
struct AsWord : Made<NodeKind::kWord, Ahead<as_ahead>, string<'a', 's'>> {};
struct Alias : Made<NodeKind::kAlias, AsWord, Gap, NameOrMissing> {};
struct Use
    : Made<NodeKind::kUse, UseWord, Gap, sor<seq<not_at<Ahead<as_ahead>>, UsePath>, MissingName>,
           star<Gap, sor<Parameters, Alias, HeaderJunk>>> {};

struct Stray : Made<NodeKind::kStray, Run<InStatement>> {};
// What begins like a statement of another language, to its end.
struct ForeignText {
  using rule_t = ForeignText;
  using subs_t = pegtl::type_list<>;
  template <pegtl::apply_mode A, pegtl::rewind_mode M, template <typename...> class Action,
            template <typename...> class Control, typename Input>
  static bool match(Input& in, Reading& reading) {
    const auto at = static_cast<std::uint32_t>(in.current() - in.begin());
    in.bump(foreign_length({in.current(), in.size(0)}, reading.column_of(at)));
    return true;
  }
};
struct Foreign
    : Made<NodeKind::kForeign, sor<Ahead<foreign_import_ahead>, Ahead<foreign_statement_ahead>>,
           ForeignText> {};
struct Binding
    : seq<Made<NodeKind::kForeign, Ahead<foreign_binding_ahead>, plus<WordChar>>, Gap, Assignment> {
};
struct Expression : seq<Ahead<expression_ahead>, Stray> {};

struct Item : sor<Foreign, Use, Binding, Expression, Assignment, Block, Stray> {};
struct ItemEnd : seq<Gap, sor<one<'\n', ';', '}'>, Slashes, eof>> {};
struct MissingSeparator : Missing<NodeKind::kMissingSeparator> {};
struct Separated : seq<Item, sor<at<ItemEnd>, MissingSeparator>> {};
struct Entry : sor<plus<Blank>, Newline, Comment, Semicolon, Separated> {};

struct OutsideBlock : AheadIn<&Reading::outside_block> {};
struct StrayByLayout
    : Made<NodeKind::kStrayClose, at<one<'}'>>, AheadIn<&Reading::stray_close>, one<'}'>> {};
struct BodyEntry : seq<not_at<OutsideBlock>, sor<StrayByLayout, seq<not_at<one<'}'>>, Entry>>> {};
struct Body : Made<NodeKind::kBody, Opening<'{'>, star<BodyEntry>,
                   sor<seq<not_at<OutsideBlock>, Closing<'}'>>, MissingClose>> {
  static constexpr char kBracket = '{';
};

struct StrayClose : Made<NodeKind::kStrayClose, one<'}'>> {};
struct ByteOrderMark : string<'\xEF', '\xBB', '\xBF'> {};
struct File : Made<NodeKind::kFile, opt<ByteOrderMark>, star<sor<StrayClose, Entry>>, eof> {};

}  // namespace fleet::syntax::grammar

namespace tao::pegtl {

template <typename Name, bool (*Question)(std::string_view)>
struct analyze_traits<Name, fleet::syntax::grammar::Ahead<Question>> : analyze_opt_traits<> {};
template <typename Name, bool (fleet::syntax::Reading::*Question)(std::uint32_t) const>
struct analyze_traits<Name, fleet::syntax::grammar::AheadIn<Question>> : analyze_opt_traits<> {};
template <typename Name>
struct analyze_traits<Name, fleet::syntax::grammar::TooDeep> : analyze_any_traits<> {};
template <typename Name>
struct analyze_traits<Name, fleet::syntax::grammar::BracesValue> : analyze_any_traits<> {};
template <typename Name>
struct analyze_traits<Name, fleet::syntax::grammar::ForeignText> : analyze_any_traits<> {};
template <typename Name, char Quote>
struct analyze_traits<Name, fleet::syntax::grammar::QuoteBelow<Quote>> : analyze_any_traits<> {};

}  // namespace tao::pegtl
