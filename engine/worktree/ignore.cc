#include "engine/worktree/ignore.h"

#include <algorithm>

#include "engine/worktree/glob.h"

namespace fleet::worktree {
namespace {

constexpr std::size_t kNone = std::string_view::npos;

// Trailing spaces go unless a backslash protects them.
std::string_view trim_spaces(std::string_view line) {
  std::size_t keep = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (line[i] == '\\' && i + 1 < line.size())
      ++i;
    if (line[i] != ' ' || (i > 0 && line[i - 1] == '\\'))
      keep = i + 1;
  }
  return line.substr(0, keep);
}

// Git compares what comes before the first wildcard as it stands, and takes the rest for a pattern
// of its own: in "a**/b" the stars are the leading ones of "**/b". (dir.c, match_pathname)
bool path_matches(std::string_view glob, std::string_view path) {
  const std::size_t literal = std::min(glob.find_first_of("*?[\\"), glob.size());
  return path.starts_with(glob.substr(0, literal)) &&
         glob_matches(glob.substr(literal), path.substr(literal));
}

}  // namespace

IgnoreFile::IgnoreFile(std::string directory, std::string_view text)
    : directory_(std::move(directory)) {
  if (text.starts_with("\xEF\xBB\xBF"))
    text.remove_prefix(3);
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r'))
      line.remove_suffix(1);
    Rule rule;
    if (parse(line, rule))
      rules_.push_back(std::move(rule));
  }
}

bool IgnoreFile::parse(std::string_view line, Rule& rule) {
  if (line.empty() || line.front() == '#')
    return false;
  line = trim_spaces(line);
  if (line.starts_with('!')) {
    rule.negated = true;
    line.remove_prefix(1);
  }
  if (line.ends_with('/')) {
    rule.directories_only = true;
    line.remove_suffix(1);
  }
  rule.anchored = line.find('/') != kNone;
  if (line.starts_with('/'))
    line.remove_prefix(1);
  rule.glob = line;
  return !line.empty();
}

IgnoreVerdict IgnoreFile::judge(std::string_view path, bool is_directory) const {
  const std::string_view inner =
      directory_.empty() ? path : path.substr(std::min(path.size(), directory_.size() + 1));
  const std::size_t slash = inner.rfind('/');
  const std::string_view last = slash == kNone ? inner : inner.substr(slash + 1);
  for (auto rule = rules_.rbegin(); rule != rules_.rend(); ++rule) {
    if (rule->directories_only && !is_directory)
      continue;
    if (rule->anchored ? path_matches(rule->glob, inner) : glob_matches(rule->glob, last))
      return rule->negated ? IgnoreVerdict::kIncluded : IgnoreVerdict::kIgnored;
  }
  return IgnoreVerdict::kNoMatch;
}

bool IgnoreRules::ignores(std::string_view path, bool is_directory) const {
  for (auto file = files_.rbegin(); file != files_.rend(); ++file) {
    const IgnoreVerdict verdict = (*file)->judge(path, is_directory);
    if (verdict != IgnoreVerdict::kNoMatch)
      return verdict == IgnoreVerdict::kIgnored;
  }
  return false;
}

}  // namespace fleet::worktree
