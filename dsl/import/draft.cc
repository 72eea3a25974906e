#include "dsl/import/draft.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace fleet::import {
namespace {

// Kinds, words of values, clauses, edges, outputs and holes: names that would read as one of them.
constexpr std::array<std::string_view, 74> kWords{
    "accept",   "accepted", "after",  "agent",     "all",        "any",     "approved", "backoff",
    "branch",   "brief",    "budget", "criteria",  "credential", "date",    "defaults", "diff",
    "dispatch", "done",     "else",   "ephemeral", "escalate",   "est",     "every",    "fail",
    "failed",   "fanout",   "files",  "findings",  "fleet",      "flow",    "force",    "fresh",
    "git",      "grants",   "hard",   "human",     "identity",   "in",      "inline",   "issues",
    "item",     "json",     "limit",  "lines",     "loop",       "max",     "merged",   "none",
    "off",      "on",       "own",    "parallel",  "passes",     "pattern", "repo",     "report",
    "retry",    "role",     "round",  "route",     "run",        "runtime", "shell",    "skip",
    "spawn",    "std",      "task",   "test",      "timeout",    "to",      "until",    "use",
    "width",    "worktree"};

bool is_word(const std::string& name) {
  return std::ranges::find(kWords, name) != kWords.end() || name == "warn" || name == "within" ||
         name == "main" || name == "changes_requested" || name == "some_accepted";
}

}  // namespace

std::string Names::make(std::string_view wanted, std::string_view fallback) {
  constexpr std::size_t kLongest = 40;
  std::string name;
  for (const char c : wanted) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80 && std::isalnum(byte) != 0)
      name += static_cast<char>(std::tolower(byte));
    else if (!name.empty() && name.back() != '_')
      name += '_';
  }
  name = name.substr(0, kLongest);
  while (!name.empty() && name.back() == '_')
    name.pop_back();
  if (name.empty())
    name = fallback;
  // A version is `v7`, and a digit begins a number.
  const bool version = name.size() > 1 && name[0] == 'v' &&
                       name.find_first_not_of("0123456789", 1) == std::string::npos;
  if (std::isdigit(static_cast<unsigned char>(name[0])) != 0 || version || is_word(name))
    name = std::string(fallback) + "_" + name;
  std::string unique = name;
  for (int i = 2; !taken_.insert(unique).second; ++i)
    unique = name + "_" + std::to_string(i);
  return unique;
}

std::string duration_of(std::string_view text) {
  constexpr std::int64_t kMost = 30LL * 24 * 3600 * 1000;
  std::int64_t total = 0;
  for (std::size_t i = 0; i < text.size();) {
    std::int64_t number = 0;
    const std::size_t begin = i;
    for (; i < text.size() && std::isdigit(static_cast<unsigned char>(text[i])) != 0; ++i)
      number = std::min<std::int64_t>(number * 10 + (text[i] - '0'), kMost);
    if (i == begin)
      return {};
    std::size_t end = i;
    while (end < text.size() && std::isalpha(static_cast<unsigned char>(text[end])) != 0)
      ++end;
    const std::string_view unit = text.substr(i, end - i);
    const std::int64_t factor = unit == "ms"                   ? 1
                                : unit.empty() || unit == "s"  ? 1000
                                : unit == "m" || unit == "min" ? 60'000
                                : unit == "h"                  ? 3'600'000
                                : unit == "d"                  ? 86'400'000
                                                               : 0;
    if (factor == 0 || (unit.empty() && begin > 0))
      return {};
    total = std::min(total + number * factor, kMost);
    i = end;
  }
  if (total == 0)
    return {};
  if (total % 3'600'000 == 0)
    return std::to_string(total / 3'600'000) + "h";
  if (total % 60'000 == 0)
    return std::to_string(total / 60'000) + "min";
  return total % 1000 == 0 ? std::to_string(total / 1000) + "s" : std::to_string(total) + "ms";
}

bool sounds_like_review(std::string_view text) {
  std::string lower;
  for (const char c : text)
    lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  constexpr std::array<std::string_view, 6> kSigns{"review",  "audit",    "critic",
                                                   "inspect", "verifier", "quality gate"};
  return std::ranges::any_of(
      kSigns, [&lower](std::string_view sign) { return lower.find(sign) != std::string::npos; });
}

std::string trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos)
    return {};
  // The indentation of the first line belongs to the text.
  const std::size_t line = text.rfind('\n', begin);
  text.remove_prefix(line == std::string_view::npos ? begin : line + 1);
  return std::string(text.substr(0, text.find_last_not_of(" \t\r\n") + 1));
}

std::string first_line(std::string_view text) {
  constexpr std::size_t kLongest = 160;
  std::string line = trimmed(text);
  line = line.substr(0, line.find('\n'));
  if (const std::size_t stop = line.find(". "); stop != std::string::npos)
    line = line.substr(0, stop + 1);
  if (line.size() > kLongest) {
    const std::size_t blank = line.rfind(' ', kLongest);
    std::size_t end = blank == std::string::npos || blank == 0 ? kLongest : blank;
    while (end > 0 && (static_cast<unsigned char>(line[end]) & 0xC0) == 0x80)
      --end;
    line = line.substr(0, end) + " …";
  }
  return trimmed(line);
}

}  // namespace fleet::import
