#include "dsl/lsp/ranges.h"

#include <algorithm>
#include <optional>

namespace fleet::lsp {
namespace {

using syntax::Node;
using syntax::NodeKind;

bool is_foldable(NodeKind kind) {
  return kind == NodeKind::kBody || kind == NodeKind::kList || kind == NodeKind::kArguments ||
         kind == NodeKind::kBlockString;
}

bool is_comment(NodeKind kind) {
  return kind == NodeKind::kComment || kind == NodeKind::kDoc;
}

// Runs of the same thing on lines of their own become one fold.
class Runs {
 public:
  Runs(std::string_view text, std::vector<Fold>& folds) : text_(text), folds_(folds) {}

  void add(Fold::Kind kind, const Node& node) {
    const bool goes_on = run_ && run_->kind == kind && only_blank(run_->end, node.offset);
    if (goes_on) {
      run_->end = node.end();
      return;
    }
    finish();
    run_ = Fold{kind, node.offset, node.end()};
  }

  void finish() {
    if (run_ && text_.substr(run_->begin, run_->end - run_->begin).find('\n') != std::string::npos)
      folds_.push_back(*run_);
    run_.reset();
  }

 private:
  // At most one line break between, so that an empty line ends a run.
  bool only_blank(std::uint32_t from, std::uint32_t to) const {
    const std::string_view between = text_.substr(from, to - from);
    return between.find_first_not_of(" \t\r\n") == std::string_view::npos &&
           std::ranges::count(between, '\n') == 1;
  }

  std::string_view text_;
  std::vector<Fold>& folds_;
  std::optional<Fold> run_;
};

}  // namespace

std::vector<Fold> folds(const syntax::Tree& tree) {
  std::vector<Fold> found;
  Runs comments(tree.text(), found);
  Runs imports(tree.text(), found);
  for (const Node& node : tree.nodes()) {
    const std::string_view text = tree.text().substr(node.offset, node.length);
    if (is_foldable(node.kind) && text.find('\n') != std::string_view::npos)
      found.push_back({Fold::Kind::kBlock, node.offset, node.end()});
    if (is_comment(node.kind))
      comments.add(Fold::Kind::kComment, node);
    if (node.kind == NodeKind::kUse)
      imports.add(Fold::Kind::kImports, node);
  }
  comments.finish();
  imports.finish();
  std::ranges::sort(found, {}, [](const Fold& one) { return std::pair(one.begin, one.end); });
  return found;
}

std::vector<Stretch> selections(const syntax::Tree& tree, std::uint32_t offset) {
  std::vector<Stretch> around{{0, static_cast<std::uint32_t>(tree.text().size())}};
  const auto add = [&](std::uint32_t begin, std::uint32_t end) {
    const bool smaller = around.back().begin <= begin && end <= around.back().end &&
                         Stretch{begin, end} != around.back();
    if (begin <= offset && offset <= end && smaller)
      around.push_back({begin, end});
  };
  for (const Node& node : tree.nodes()) {
    if (node.length == 0 || node.kind == NodeKind::kNewline)
      continue;
    add(node.offset, node.end());
    const bool bracketed = (is_foldable(node.kind) || node.kind == NodeKind::kString) &&
                           node.length > 2 && node.kind != NodeKind::kBlockString;
    if (bracketed && node.offset < offset && offset < node.end())
      add(node.offset + 1, node.end() - 1);
  }
  std::ranges::reverse(around);
  return around;
}

}  // namespace fleet::lsp
