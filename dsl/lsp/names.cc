#include "dsl/lsp/names.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <tuple>

#include "dsl/lsp/name_walk.h"

namespace fleet::lsp {

namespace {

bool lies_in(const Span& inner, const Span& outer) {
  return inner.source == outer.source && outer.begin <= inner.begin && inner.end <= outer.end;
}

}  // namespace

bool is_loop(const Named& named) {
  return named.step != nullptr && named.kind == NameKind::kStep &&
         !named.step->value.atoms.empty() && named.step->value.atoms.front().text == "loop";
}

const char* word_of(NameKind kind) {
  switch (kind) {
    case NameKind::kFleet: return "fleet";
    case NameKind::kRole: return "role";
    case NameKind::kAgent: return "agent";
    case NameKind::kRuntime: return "runtime";
    case NameKind::kHuman: return "human";
    case NameKind::kCredential: return "credential";
    case NameKind::kIdentity: return "identity";
    case NameKind::kFlow: return "flow";
    case NameKind::kPattern: return "pattern";
    case NameKind::kTest: return "test";
    case NameKind::kStep: return "step";
    case NameKind::kParameter: return "parameter";
    case NameKind::kItem: return "item of a fan-out";
    case NameKind::kModule: return "module";
  }
  return "";
}

Names::Names(const SourceMap& sources, const std::vector<sema::Module>& modules)
    : sources_(sources), modules_(modules), scopes_(modules.size()) {
  NameWalk walk(*this);
  for (std::size_t module = 0; module < modules.size(); ++module)
    walk.run(module);
  const auto place = [](const Mention& one) {
    return std::tuple(one.span.source.value, one.span.begin, one.span.end, !one.defines);
  };
  std::ranges::sort(mentions_, {}, place);
  // The same place is never two names; a file that is read twice says each thing once.
  const auto repeats = std::ranges::unique(
      mentions_, [](const Mention& a, const Mention& b) { return a.span == b.span; });
  mentions_.erase(repeats.begin(), repeats.end());
}

const Mention* Names::find(SourceId source, std::uint32_t offset) const {
  const auto after = std::ranges::upper_bound(
      mentions_, std::pair(source.value, offset), {},
      [](const Mention& one) { return std::pair(one.span.source.value, one.span.begin); });
  if (after == mentions_.begin())
    return nullptr;
  const Mention& found = *std::prev(after);
  const bool touches = found.span.source == source && offset <= found.span.end;
  return touches ? &found : nullptr;
}

const LocalScope* Names::local_scope(SourceId source, std::uint32_t offset) const {
  const LocalScope* found = nullptr;
  for (const LocalScope& scope : locals_) {
    const bool holds =
        scope.span.source == source && scope.span.begin <= offset && offset <= scope.span.end;
    if (holds && (found == nullptr || scope.span.begin >= found->span.begin))
      found = &scope;
  }
  return found;
}

std::map<std::string, std::size_t> Names::locals(SourceId source, std::uint32_t offset) const {
  std::map<std::string, std::size_t> found;
  const LocalScope* scope = local_scope(source, offset);
  while (scope != nullptr) {
    found.insert(scope->names.begin(), scope->names.end());
    scope = scope->outer ? &locals_[*scope->outer] : nullptr;
  }
  return found;
}

const std::map<std::string, std::size_t>* Names::within(std::size_t flow) const {
  const auto found = bodies_.find(flow);
  return found == bodies_.end() ? nullptr : &locals_[found->second].names;
}

std::optional<std::size_t> Names::step_within(std::size_t outer, const std::string& name) const {
  const Named& around = all_[outer];
  if (around.uses) {
    const std::map<std::string, std::size_t>* const known = within(*around.uses);
    const auto found = known == nullptr ? decltype(known->end()){} : known->find(name);
    const bool step =
        known != nullptr && found != known->end() && all_[found->second].kind == NameKind::kStep;
    return step ? std::optional(found->second) : std::nullopt;
  }
  if (!is_loop(around))
    return std::nullopt;
  // What the body sets again is declared outside of it.
  for (std::size_t i = 0; i < all_.size(); ++i) {
    const Named& one = all_[i];
    const bool inside = one.kind == NameKind::kStep && one.name == name && i != outer &&
                        std::ranges::any_of(one.wholes, [&](const Span& whole) {
                          return lies_in(whole, around.whole());
                        });
    if (inside)
      return i;
  }
  return std::nullopt;
}

std::optional<std::size_t> Names::module_of(std::size_t alias) const {
  const auto found = aliases_.find(alias);
  return found == aliases_.end() ? std::nullopt : std::optional(found->second);
}

std::optional<std::size_t> Names::module_of(SourceId source) const {
  for (std::size_t i = 0; i < modules_.size(); ++i) {
    for (const ast::File& file : modules_[i].files) {
      if (file.source == source)
        return i;
    }
  }
  return std::nullopt;
}

}  // namespace fleet::lsp
