// The word of each enumerator, in the order of the enumerators: the same in JSON, text and
// drawings.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "dsl/plan/plan.h"

namespace fleet::plan {

constexpr std::array<std::string_view, 3> words_of(Acceptance::Kind) {
  return {"command", "diff_lines", "criteria"};
}
constexpr std::array<std::string_view, 5> words_of(Adapter) {
  return {"shell", "claude", "codex", "gemini", "opencode"};
}
constexpr std::array<std::string_view, 4> words_of(Dispatch) {
  return {"always", "ephemeral", "on", "every"};
}
constexpr std::array<std::string_view, 6> words_of(Event::Kind) {
  return {"task", "pr_opened", "pr_updated", "finding", "message", "file"};
}
constexpr std::array<std::string_view, 2> words_of(Overlap) {
  return {"skip", "queue"};
}
constexpr std::array<std::string_view, 3> words_of(Credential::From) {
  return {"env", "file", "command"};
}
constexpr std::array<std::string_view, 2> words_of(Credential::Mode) {
  return {"broker", "env"};
}
constexpr std::array<std::string_view, 3> words_of(Reads) {
  return {"repo", "diff", "none"};
}
constexpr std::array<std::string_view, 2> words_of(SessionMode) {
  return {"own", "fresh"};
}
constexpr std::array<std::string_view, 2> words_of(OnEngineCrash) {
  return {"adopt", "kill"};
}
constexpr std::array<std::string_view, 3> words_of(Returns) {
  return {"done", "verdict", "report"};
}
constexpr std::array<std::string_view, 7> words_of(EdgeKind) {
  return {"done", "accepted", "approved", "changes_requested", "failed", "merged", "some_accepted"};
}
constexpr std::array<std::string_view, 9> words_of(NodeKind) {
  return {"task", "fanout", "run", "merge", "all", "any", "human", "loop", "last"};
}
constexpr std::array<std::string_view, 3> words_of(Otherwise) {
  return {"escalate", "fail", "skip"};
}
constexpr std::array<std::string_view, 3> words_of(Force) {
  return {"none", "parallel", "inline"};
}
constexpr std::array<std::string_view, 3> words_of(MergeStyle) {
  return {"merge", "squash", "rebase"};
}
constexpr std::array<std::string_view, 8> words_of(FanoutSource::Kind) {
  return {"files", "lines", "command_lines", "json", "list", "range", "findings", "issues"};
}

// The word of one value; a value outside its enumeration (our bug) reads "?", which no reader
// accepts.
template <class Enum>
constexpr std::string_view word_of(Enum value) {
  constexpr auto words = words_of(Enum{});
  const auto index = static_cast<std::size_t>(value);
  return index < words.size() ? words[index] : "?";
}

}  // namespace fleet::plan
