#include "dsl/import/formats.h"

#include <algorithm>

#include <fmt/format.h>

namespace fleet::import {
namespace {

std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size(); ++i)
    text += (i == 0 ? "" : i + 1 == names.size() ? " and " : ", ") + names[i];
  return text;
}

bool has(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::string role_names(const Draft& draft, bool (*wanted)(const DraftRole&)) {
  constexpr std::size_t kMost = 6;
  std::vector<std::string> names;
  std::size_t more = 0;
  for (const DraftRole& role : draft.roles) {
    if (!wanted(role))
      continue;
    if (names.size() == kMost)
      ++more;
    else
      names.push_back("`" + role.name + "`");
  }
  if (more > 0)
    names.push_back(std::to_string(more) + " more");
  return listed(names);
}

}  // namespace

std::string leftover(const Value& map, std::initializer_list<std::string_view> known) {
  std::vector<std::string> names;
  for (const auto& [key, value] : map.map)
    if (std::ranges::find(known, std::string_view(key)) == known.end())
      names.push_back("`" + key + "`");
  if (names.empty())
    return {};
  return listed(names) + (names.size() == 1 ? " is" : " are") +
         " not carried over: the language has nothing of the kind.";
}

std::string without_value(std::string_view text, std::initializer_list<std::string_view> names) {
  std::vector<std::string> found;
  for (const std::string_view name : names)
    if (has(text, fmt::format("{{{}", name)))
      found.push_back(fmt::format("`{{{}}}`", name));
  if (found.empty())
    return {};
  return listed(found) + (found.size() == 1 ? " stands" : " stand") +
         " in the text as written: nothing fills it here. A step finds the work of those before it "
         "in "
         "its worktree, not what they said.";
}

Chosen choose_runtime(const std::string& provider, const std::string& model) {
  const std::string all = provider + " " + model;
  // "anthropic/claude-sonnet-4" names the service before the model.
  const std::string bare =
      model.substr(model.rfind('/') == std::string::npos ? 0 : model.rfind('/') + 1);
  if (provider == "opencode")
    return {"opencode", model, {}};
  if (all == " " || has(all, "claude") || has(all, "anthropic") || has(all, "opus") ||
      has(all, "sonnet") || has(all, "haiku"))
    return {"claude", bare, {}};
  if (has(all, "codex") || has(all, "openai") || has(all, "gpt") || has(bare, "o3") ||
      has(bare, "o4"))
    return {"codex", bare, {}};
  if (has(all, "gemini") || has(all, "google"))
    return {"gemini", bare, {}};
  if (model.empty())
    return {
        "claude", {}, fmt::format("no adapter for `{}`: claude stands here instead.", provider)};
  return {
      "opencode", model,
      fmt::format("`{}` is no model of an adapter that is known: opencode stands here.", model)};
}

void tell_unsafe(Draft& draft) {
  const auto add = [&draft](std::string text) {
    draft.unsafe.push_back(std::move(text));
  };
  add("money: nothing bounded what it costs; nor does the imported fleet, until it has a `budget`");
  const std::string unjudged = role_names(draft, [](const DraftRole& role) {
    return role.duty == Duty::kWrites && role.accept.empty();
  });
  if (!unjudged.empty())
    add(
        fmt::format("evidence: no command judged the work of {}; here it is taken when a human "
                    "approves it, until `accept` names a command",
                    unjudged));
  const bool writes = std::ranges::any_of(
      draft.roles, [](const DraftRole& role) { return role.duty == Duty::kWrites; });
  const bool reviews = std::ranges::any_of(
      draft.roles, [](const DraftRole& role) { return role.duty == Duty::kReviews; });
  if (writes && !reviews)
    add("review: nobody judged what another one made; no role here returns a verdict");
  if (reviews)
    add(fmt::format(
        "independence: {} saw whatever the builders left about; here a review is a "
        "fresh session that sees the change, and cannot write",
        role_names(draft, [](const DraftRole& role) { return role.duty == Duty::kReviews; })));
  if (writes)
    add("isolation: all worked in one checkout, or were asked to make their own; here each has a "
        "worktree and a branch, anywhere in the tree until `writes` says `in [\"glob\"]`");
  if (writes)
    add("merge: what they made reached the branch with no decision bound to a commit; here a "
        "human decides before the base moves");
  if (std::ranges::any_of(draft.roles, [](const DraftRole& role) { return role.timeout.empty(); }))
    add("time: a session could go on for ever; here one attempt has 1h");
  bool one_look = false;
  for (const DraftFlow& flow : draft.flows)
    for (const DraftStep& step : flow.steps)
      one_look = one_look || (!step.mends && !step.roles.empty() &&
                              draft.roles[step.roles.front()].duty == Duty::kReviews);
  if (one_look)
    add("findings: where a review wants changes nobody is sent to make them; the flow stops there");
  add("keys: whatever the user's environment held; a session here has none but what `grants` of a "
      "`credential` give it");
}

}  // namespace fleet::import
