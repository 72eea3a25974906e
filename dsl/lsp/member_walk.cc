// Names that mean something only of something else: what stands after a step's dot (`ship.build`,
// `verdict.review`), and before an argument's colon.
#include <algorithm>
#include <array>
#include <ranges>
#include <set>
#include <string_view>

#include "dsl/lsp/name_walk.h"

namespace fleet::lsp {
namespace {

using Kind = ast::Atom::Kind;

const ast::Atom* head_of(const ast::Value& value) {
  return value.atoms.empty() ? nullptr : &value.atoms.front();
}

bool is_joint(const ast::Atom& atom) {
  return atom.kind == Kind::kCall && (atom.text == "all" || atom.text == "any");
}

// A second call of one agent in a joint has a number: `verdict.review_2`.
bool calls_it(std::string_view said, std::string_view agent) {
  if (!said.starts_with(agent))
    return false;
  const std::string_view rest = said.substr(agent.size());
  const bool digits = rest.size() > 1 && rest.find_first_not_of("0123456789", 1) == rest.npos;
  return rest.empty() || (rest.front() == '_' && digits);
}

// What the call of a use gives the pattern's parameter.
const ast::Value* given(const ast::Atom& call, const ast::Block& pattern, std::string_view name) {
  std::size_t place = 0;
  for (const ast::Argument& argument : call.args) {
    if (argument.name
            ? argument.name->text == name
            : place < pattern.parameters.size() && pattern.parameters[place].name.text == name)
      return argument.value.get();
    place += argument.name ? 0 : 1;
  }
  return nullptr;
}

}  // namespace

void NameWalk::refer_members() {
  for (const Given& one : given_) {
    const auto* const known = names_.within(one.to);
    const auto found = known == nullptr ? decltype(known->end()){} : known->find(one.name.text);
    if (known != nullptr && found != known->end() &&
        names_.all_[found->second].kind == NameKind::kParameter)
      mention(one.name.span, found->second);
  }
  for (const Member& one : members_)
    refer_member(one);
  given_.clear();
  members_.clear();
}

void NameWalk::refer_member(const Member& member) {
  std::size_t of = member.of;
  std::vector<std::size_t> uses = uses_around(of);
  for (std::size_t at = 0; at < member.path.size(); ++at) {
    if (names_.all_[of].uses)
      uses.push_back(of);
    const std::optional<std::size_t> next = names_.step_within(of, member.path[at].text);
    if (!next) {
      for (const ast::Assignment* setting : names_.all_[of].settings) {
        const ast::Atom* const head = head_of(setting->value);
        if (head != nullptr && is_joint(*head) && refer_call(*head, member.path, at, uses))
          return;
      }
      return;
    }
    mention(member.path[at].span, *next);
    of = *next;
  }
}

bool NameWalk::refer_call(const ast::Atom& joint, const std::vector<ast::Ident>& path,
                          std::size_t at, const std::vector<std::size_t>& uses) {
  const ast::Ident& said = path[at];
  for (const ast::Argument& argument : joint.args) {
    const ast::Atom* const call = head_of(*argument.value);
    if (call == nullptr || call->kind != Kind::kCall || call->path.empty())
      continue;
    if (is_joint(*call)) {
      if (calls_it(said.text, call->text) && at + 1 < path.size() &&
          refer_call(*call, path, at + 1, uses))
        return true;
      continue;
    }
    if (const auto agent = agent_of(call->path.back(), said.text, uses)) {
      const std::size_t length = names_.all_[*agent].name.size();
      mention(
          {said.span.source, said.span.begin, said.span.begin + static_cast<std::uint32_t>(length)},
          *agent);
      return true;
    }
  }
  return false;
}

std::optional<std::size_t> NameWalk::named_at(const Span& span) const {
  const auto backwards = std::views::reverse(names_.mentions_);
  const auto found = std::ranges::find(backwards, span, &Mention::span);
  return found == backwards.end() ? std::nullopt : std::optional(found->named);
}

// A parameter of a pattern is what each use gives it, which may be a parameter again.
std::optional<std::size_t> NameWalk::agent_of(const ast::Ident& callee, std::string_view said,
                                              const std::vector<std::size_t>& uses) const {
  const std::optional<std::size_t> called = named_at(callee.span);
  if (!called)
    return std::nullopt;
  const Named& named = names_.all_[*called];
  if (named.kind != NameKind::kParameter)
    return calls_it(said, named.name) ? called : std::nullopt;
  for (const std::size_t use : uses) {
    const Named& step = names_.all_[use];
    if (names_.all_[*step.uses].block != named.block)
      continue;
    for (const ast::Assignment* setting : step.settings) {
      const ast::Atom* const call = head_of(setting->value);
      const ast::Value* const value =
          call == nullptr ? nullptr : given(*call, *named.block, named.name);
      const ast::Atom* const name = value == nullptr ? nullptr : head_of(*value);
      if (name == nullptr || name->kind != Kind::kName)
        continue;
      std::vector<std::size_t> others = uses;  // so that what goes in a circle ends
      std::erase(others, use);
      if (const auto agent = agent_of(name->path.back(), said, others))
        return agent;
    }
  }
  return std::nullopt;
}

std::optional<std::size_t> NameWalk::pattern_around(std::size_t named) const {
  std::optional<std::size_t> around = names_.all_[named].inside;
  while (around && names_.all_[*around].kind == NameKind::kStep)
    around = names_.all_[*around].inside;
  const bool pattern = around && names_.all_[*around].kind == NameKind::kPattern;
  return pattern ? around : std::nullopt;
}

// Where a step of a pattern is said without the use: any of those that there are.
std::vector<std::size_t> NameWalk::uses_around(std::size_t step) const {
  std::vector<std::size_t> found;
  std::optional<std::size_t> pattern = pattern_around(step);
  for (std::size_t i = 0; pattern && i < names_.all_.size(); ++i) {
    if (names_.all_[i].uses == pattern)
      found.push_back(i);
  }
  return found;
}

// The first step of that name in a pattern that this module uses, itself or by another pattern.
std::optional<std::size_t> NameWalk::step_of_a_use(const std::string& name) const {
  std::set<std::size_t> used;
  const auto is_used = [&](std::size_t step) {
    const std::optional<std::size_t> pattern = pattern_around(step);
    return pattern ? used.contains(*pattern) : names_.all_[step].module == module_;
  };
  for (std::size_t size = used.size() + 1; size != used.size();) {
    size = used.size();
    for (std::size_t i = 0; i < names_.all_.size(); ++i) {
      if (names_.all_[i].uses && is_used(i))
        used.insert(*names_.all_[i].uses);
    }
  }
  for (std::size_t i = 0; i < names_.all_.size(); ++i) {
    const Named& one = names_.all_[i];
    const std::optional<std::size_t> pattern = pattern_around(i);
    if (one.kind == NameKind::kStep && one.name == name && pattern && used.contains(*pattern))
      return i;
  }
  return std::nullopt;
}

}  // namespace fleet::lsp
