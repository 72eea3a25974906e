#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "dsl/syntax/build.h"
#include "dsl/syntax/string_text.h"

namespace fleet::syntax {
namespace {

using Index = std::uint32_t;

struct Unclosed {
  Index opener = 0;           // the kOpen
  std::uint32_t noticed = 0;  // offset where the closing bracket was expected
  std::string what;           // "`role fixer`" of a block, empty for brackets
};

char closing(char open) {
  return open == '{' ? '}' : open == '[' ? ']' : ')';
}

class BracketReport {
 public:
  BracketReport(const Tree& tree, Mistakes& mistakes) : tree_(tree), mistakes_(mistakes) {
    const std::string_view text = tree.text();
    const std::size_t last = text.find_last_not_of(" \t\r\n");
    text_end_ = last == std::string_view::npos ? 0 : static_cast<std::uint32_t>(last + 1);
  }

  void run() {
    visit(0, {});
    // Innermost first: a parent is visited after its children.
    for (std::size_t i = 0; i < unclosed_.size();) {
      std::size_t next = i + 1;
      while (next < unclosed_.size() && unclosed_[next].noticed == unclosed_[i].noticed) {
        ++next;
      }
      // A string that is not closed takes the closing bracket with it, and is reported itself.
      const bool in_string = std::find(open_string_ends_.begin(), open_string_ends_.end(),
                                       unclosed_[i].noticed) != open_string_ends_.end() &&
                             tree_.text(unclosed_[i].opener) != "{";
      const bool cut_off = cut_off_ && unclosed_[i].noticed == text_end_;
      if (!in_string && !cut_off) {
        report(i, next);
      }
      i = next;
    }
  }

 private:
  Span span(Index node) const {
    return mistakes_.span(tree_.at(node).offset, tree_.at(node).end());
  }

  // Recursion is bounded by kMaxDepth. `header`: what a body found below belongs to.
  void visit(Index node, const std::string& header) {
    const Node& here = tree_.at(node);
    Index opener = 0;
    const bool is_block = here.kind == NodeKind::kBlock;
    const std::string own = is_block ? header_of(node) : std::string();
    std::size_t without_open = 0;  // blocks so far whose `{` is missing
    for (Index child = here.first_child; child != 0; child = tree_.at(child).next_sibling) {
      switch (tree_.at(child).kind) {
        case NodeKind::kOpen: opener = child; break;
        case NodeKind::kMissingClose:
          unclosed_.push_back(
              {opener, noticed_at(child), here.kind == NodeKind::kBody ? header : ""});
          break;
        case NodeKind::kWrongClose: wrong_close(child, opener); break;
        case NodeKind::kStrayClose:
          // It closes what was meant to be open, and that was reported.
          if (without_open > 0)
            --without_open;
          else
            stray_close(child);
          break;
        case NodeKind::kTooDeep: too_deep(child); break;
        case NodeKind::kBlockString:
          cut_off_ = cut_off_ || !read_block_string(tree_.text(child), {}).closed;
          break;
        case NodeKind::kString:
          if (!read_string(tree_.text(child), {}).closed) {
            open_string_ends_.push_back(tree_.at(child).end());
          }
          break;
        default:
          without_open += lacks_open(child) ? 1 : 0;
          if (tree_.at(child).first_child != 0) {
            visit(child, is_block ? own : std::string());
          }
      }
    }
  }

  bool lacks_open(Index node) const {
    if (tree_.at(node).kind == NodeKind::kAssignment)
      return is_open_loop(tree_.text(node));
    if (tree_.at(node).kind != NodeKind::kBlock)
      return false;
    for (Index child = tree_.at(node).first_child; child != 0;
         child = tree_.at(child).next_sibling) {
      if (tree_.at(child).kind == NodeKind::kMissingBody)
        return true;
    }
    return false;
  }

  // `l = loop until a.approved max 2`, and nothing behind it.
  static bool is_open_loop(std::string_view statement) {
    const std::size_t value = statement.find_first_not_of(" \t=", statement.find('='));
    return value != std::string_view::npos && statement.substr(value).starts_with("loop ") &&
           statement.find('{') == std::string_view::npos;
  }

  std::string header_of(Index block) const {
    const Node& node = tree_.at(block);
    std::uint32_t end = node.offset;
    for (Index child = node.first_child; child != 0; child = tree_.at(child).next_sibling) {
      const NodeKind kind = tree_.at(child).kind;
      if (kind == NodeKind::kIdent || kind == NodeKind::kNames) {
        end = tree_.at(child).end();
      }
    }
    return quoted(tree_.text().substr(node.offset, end - node.offset));
  }

  // Everything that the end of the text leaves open is one mistake, wherever blanks and comments
  // put the places where it was noticed.
  std::uint32_t noticed_at(Index missing) const {
    return std::min(tree_.at(missing).offset, text_end_);
  }

  void report(std::size_t first, std::size_t last) {
    const Unclosed& inner = unclosed_[first];
    const char open = tree_.text(inner.opener)[0];
    const std::string close(1, closing(open));
    Diagnostic out = Mistakes::error(
        "F002", std::string("`") + open + "` is not closed", span(inner.opener),
        inner.what.empty() ? "opened here" : "the block of " + inner.what + " begins here");
    for (std::size_t i = first + 1; i < last && i < first + 3; ++i) {
      const Unclosed& outer = unclosed_[i];
      out.secondary.push_back({span(outer.opener), outer.what.empty()
                                                       ? "open as well"
                                                       : outer.what + " is open as well"});
    }
    const Span noticed = mistakes_.span(inner.noticed, inner.noticed);
    const bool at_end = inner.noticed == text_end_;
    out.secondary.push_back({noticed, at_end ? "the file ends without `" + close + "`"
                                             : "expected `" + close + "` before this"});
    if (!at_end && open != '{') {
      out.secondary.back().text = "expected `" + close + "` here";
      out.helps.push_back({"close it with `" + close + "`", {{noticed, close}}, false});
    }
    mistakes_.add(std::move(out));
  }

  void wrong_close(Index node, Index opener) {
    const char open = tree_.text(opener)[0];
    const std::string expected(1, closing(open));
    Diagnostic out = Mistakes::error(
        "F002", std::string("`") + open + "` is closed by `" + std::string(tree_.text(node)) + "`",
        span(node), "expected `" + expected + "`");
    out.secondary.push_back({span(opener), "opened here"});
    out.helps.push_back({"write `" + expected + "`", {{span(node), expected}}, false});
    mistakes_.add(std::move(out));
  }

  void stray_close(Index node) {
    mistakes_.add(
        Mistakes::error("F002", "`}` closes nothing", span(node), "no block is open here"));
  }

  void too_deep(Index node) {
    const Node& here = tree_.at(node);
    cut_off_ = cut_off_ || here.end() >= text_end_;
    if (!std::exchange(too_deep_, true)) {
      mistakes_.add(Mistakes::error("F005", "brackets nest too deep",
                                    mistakes_.span(here.offset, here.offset + 1),
                                    "more than " + std::to_string(kMaxDepth) + " are open here"));
    }
  }

  const Tree& tree_;
  Mistakes& mistakes_;
  std::uint32_t text_end_ = 0;  // after the last character that is no blank
  std::vector<Unclosed> unclosed_;
  std::vector<std::uint32_t> open_string_ends_;
  bool too_deep_ = false;
  bool cut_off_ = false;  // a bracket past the limit or an open block string took the rest
};

}  // namespace

void report_brackets(const Tree& tree, Mistakes& mistakes) {
  BracketReport(tree, mistakes).run();
}

}  // namespace fleet::syntax
