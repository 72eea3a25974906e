// The lossless tree: what the grammar saw, with every token, comment and mistake at its place. The
// AST and the formatter are two readings of it.
//
// Bytes that no leaf covers are blanks, tabs, carriage returns or a byte order mark, so that leaves
// and gaps together are the text. A node covers its first to its last token and none of the blanks
// around.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace fleet::syntax {

enum class NodeKind : std::uint8_t {
  kFile,
  // Items of a body. kAssignment: key, kAssignMark, value. kBlock: header parts, then a body.
  kUse,
  kAssignment,
  kBlock,
  kStray,    // an item that is neither; its content is no part of the program
  kForeign,  // a statement of another language, or the word that begins one; nothing inside
  // Parts of a header.
  kNames,    // kIdent or kString, kComma between
  kVersion,  // v4
  kBase,     // kColon, kName
  kOn,       // kWord `on`, kValue
  kUsePath,  // kIdent, kDot, … or kString
  kAlias,    // kWord `as`, kIdent
  kBody,     // kOpen, items, kClose
  // Values. kValue holds the atoms of one run, with the newlines and comments that it spans.
  kValue,
  kName,  // kIdent, kDot, …, at most one kAt with its kIdent, at most one kArguments, one kPer
  kArguments,  // of a call: kOpen, kArgument and kComma, kClose
  kList,       // the same in [ ]
  kGroup,      // the same in ( ) with no name before it: not in the language
  kArgument,   // kIdent kColon before a kValue if it is named
  kLiteral,    // number, unit, money, date: kLiteralText, at most one kPer
  kPer,        // kSlash, kIdent
  kString,
  kBlockString,
  kOperator,
  // Leaves.
  kIdent,
  kWord,  // a word of the grammar: use, as, on
  kLiteralText,
  kAssignMark,  // = += and, wrongly, == : -= :=
  kComma,
  kColon,
  kDot,
  kAt,
  kSlash,
  kSemicolon,
  kOpen,
  kClose,
  kNewline,
  kComment,  // // …, without its newline
  kDoc,      // /// …
  // Mistakes. The kMissing… are empty and stand where the thing was expected.
  kUnexpected,  // characters that fit nothing here
  kWrongClose,  // ] for ), or the other way round
  kStrayClose,  // } that closes nothing
  kTooDeep,     // brackets nested past the limit, from there to their end
  kMissingName,
  kMissingValue,
  kMissingClose,
  kMissingBody,
  kMissingSeparator,
  kNone,  // no node: rules that only group
};

struct Node {
  NodeKind kind = NodeKind::kFile;
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  std::uint32_t first_child = 0;   // index, 0: none (0 is the file, nobody's child)
  std::uint32_t next_sibling = 0;  // index, 0: none

  std::uint32_t end() const { return offset + length; }
};

// The children of one node, in order: a walk along its siblings, valid as long as the tree.
class Children {
 public:
  class Iterator {
   public:
    using value_type = std::uint32_t;
    using difference_type = std::ptrdiff_t;
    Iterator() = default;
    Iterator(const Node* nodes, std::uint32_t at) : nodes_(nodes), at_(at) {}
    std::uint32_t operator*() const { return at_; }
    Iterator& operator++() {
      at_ = nodes_[at_].next_sibling;
      return *this;
    }
    Iterator operator++(int) {
      const Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) { return a.at_ == b.at_; }

   private:
    const Node* nodes_ = nullptr;
    std::uint32_t at_ = 0;
  };

  Children(const Node* nodes, std::uint32_t first) : nodes_(nodes), first_(first) {}
  Iterator begin() const { return {nodes_, first_}; }
  Iterator end() const { return {nodes_, 0}; }

 private:
  const Node* nodes_;
  std::uint32_t first_;
};

// Nodes in the order of the text, a parent before its children; node 0 is the file. Views point
// into the text, which outlives the tree.
class Tree {
 public:
  Tree(std::string_view text, std::vector<Node> nodes) : text_(text), nodes_(std::move(nodes)) {}

  std::string_view text() const { return text_; }
  const std::vector<Node>& nodes() const { return nodes_; }
  const Node& at(std::uint32_t index) const { return nodes_[index]; }
  std::string_view text(std::uint32_t index) const {
    return text_.substr(nodes_[index].offset, nodes_[index].length);
  }
  Children children(std::uint32_t index) const {
    return {nodes_.data(), nodes_[index].first_child};
  }
  // The first child of that kind, or 0.
  std::uint32_t child(std::uint32_t index, NodeKind kind) const;

 private:
  std::string_view text_;
  std::vector<Node> nodes_;
};

// Brackets of all three kinds may nest this deep; what is deeper becomes one kTooDeep node.
inline constexpr std::uint32_t kMaxDepth = 128;

// Never fails, never throws (but for memory), linear in the text. REQUIRES: text.size() < 2^32.
Tree read_tree(std::string_view text);

// The one item of a body that stands at `begin`, as `read_tree` has it where braces match: read in
// its place, so that all that is looked at around it is there. `around`: the offsets of the blocks
// that it is in, outermost first. nullopt: what stands there does not end at `end`.
std::optional<Tree> read_item(std::string_view text, std::uint32_t begin, std::uint32_t end,
                              const std::vector<std::uint32_t>& around);

}  // namespace fleet::syntax
