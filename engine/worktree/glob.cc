#include "engine/worktree/glob.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <utility>

namespace fleet::worktree {
namespace {

constexpr std::size_t kNowhere = std::string_view::npos;

bool in_named_class(std::string_view name, unsigned char byte) {
  if (name == "alpha")
    return std::isalpha(byte) != 0;
  if (name == "digit")
    return std::isdigit(byte) != 0;
  if (name == "alnum")
    return std::isalnum(byte) != 0;
  if (name == "upper")
    return std::isupper(byte) != 0;
  if (name == "lower")
    return std::islower(byte) != 0;
  if (name == "space")
    return std::isspace(byte) != 0;
  if (name == "punct")
    return std::ispunct(byte) != 0;
  if (name == "xdigit")
    return std::isxdigit(byte) != 0;
  return false;
}

struct ClassMatch {
  bool matched = false;
  std::size_t end = kNowhere;  // after the closing bracket; kNowhere: no closing bracket
};

// glob[at] is '['. A ']' right after the opening (or its '!') is an ordinary member.
ClassMatch match_class(std::string_view glob, std::size_t at, unsigned char byte) {
  std::size_t i = at + 1;
  const bool negated = i < glob.size() && (glob[i] == '!' || glob[i] == '^');
  if (negated)
    ++i;
  bool matched = false;
  const std::size_t first = i;
  while (i < glob.size() && (glob[i] != ']' || i == first)) {
    if (glob.substr(i, 2) == "[:") {
      if (const std::size_t end = glob.find(":]", i + 2); end != kNowhere) {
        matched = matched || in_named_class(glob.substr(i + 2, end - i - 2), byte);
        i = end + 2;
        continue;
      }
    }
    if (glob[i] == '\\' && i + 1 < glob.size())
      ++i;
    const auto low = static_cast<unsigned char>(glob[i]);
    auto high = low;
    if (i + 2 < glob.size() && glob[i + 1] == '-' && glob[i + 2] != ']') {
      i += 2;
      if (glob[i] == '\\' && i + 1 < glob.size())
        ++i;
      high = static_cast<unsigned char>(glob[i]);
    }
    matched = matched || (low <= byte && byte <= high);
    ++i;
  }
  if (i >= glob.size())
    return {};
  return {matched != negated && byte != '/', i + 1};
}

// Consumes one byte of the path by the one-byte element at glob[at]; the position after the
// element, or kNowhere.
std::size_t match_one(std::string_view glob, std::size_t at, char byte) {
  switch (glob[at]) {
    case '?': return byte == '/' ? kNowhere : at + 1;
    case '[': {
      const ClassMatch match = match_class(glob, at, static_cast<unsigned char>(byte));
      return match.matched ? match.end : kNowhere;
    }
    case '\\':
      if (at + 1 == glob.size())
        return kNowhere;
      return glob[at + 1] == byte ? at + 2 : kNowhere;
    default: return glob[at] == byte ? at + 1 : kNowhere;
  }
}

std::size_t after_stars(std::string_view glob, std::size_t at) {
  return std::min(glob.find_first_not_of('*', at), glob.size());
}

// Whether glob[at, end), all stars, are two or more and a whole component.
bool is_double_star(std::string_view glob, std::size_t at, std::size_t end) {
  return end - at >= 2 && (at == 0 || glob[at - 1] == '/') &&
         (end == glob.size() || glob[end] == '/');
}

bool has_special(std::string_view text) {
  return text.find_first_of("*?[\\") != kNowhere;
}

}  // namespace

// Backtracks to the latest star only: an earlier one can never do better, since whatever it
// consumed the later one could have consumed too. So a hostile glob costs O(glob × path).
bool glob_matches(std::string_view glob, std::string_view path) {
  std::size_t g = 0;
  std::size_t p = 0;
  std::size_t star_g = kNowhere;  // where to go on after the latest `*`, and what it consumed up to
  std::size_t star_p = 0;
  std::size_t deep_g = kNowhere;  // the same for the latest `**/`
  std::size_t deep_p = 0;
  for (;;) {
    if (g < glob.size() && glob[g] == '*') {
      const std::size_t end = after_stars(glob, g);
      if (is_double_star(glob, g, end)) {
        if (end == glob.size())
          return true;
        g = end + 1;
        deep_g = g;
        deep_p = p;
        star_g = kNowhere;
      } else {
        g = end;
        star_g = g;
        star_p = p;
      }
      continue;
    }
    if (g == glob.size() && p == path.size())
      return true;
    if (g < glob.size() && p < path.size()) {
      if (const std::size_t next = match_one(glob, g, path[p]); next != kNowhere) {
        g = next;
        ++p;
        continue;
      }
    }
    if (star_g != kNowhere && star_p < path.size() && path[star_p] != '/') {
      p = ++star_p;
      g = star_g;
      continue;
    }
    if (deep_g == kNowhere)
      return false;
    const std::size_t slash = path.find('/', deep_p);
    if (slash == kNowhere)
      return false;
    p = deep_p = slash + 1;
    g = deep_g;
    star_g = kNowhere;
  }
}

std::string glob_literal_prefix(std::string_view glob) {
  const std::size_t special = glob.find_first_of("*?[\\");
  if (special == kNowhere)
    return std::string(glob);
  const std::size_t slash = glob.rfind('/', special);
  return slash == kNowhere ? std::string() : std::string(glob.substr(0, slash));
}

PathSet::PathSet(std::vector<std::string> globs) {
  for (std::string& text : globs) {
    if (text.substr(0, 2) == "./")
      text.erase(0, 2);
    bool covers_beneath = false;
    while (!text.empty() && text.back() == '/') {
      text.pop_back();
      covers_beneath = true;
    }
    if (text.empty())
      continue;
    const std::size_t slash = text.rfind('/');
    const std::string_view last = std::string_view(text).substr(slash == kNowhere ? 0 : slash + 1);
    covers_beneath = covers_beneath || !has_special(last);
    globs_.push_back({std::move(text), covers_beneath});
  }
}

bool PathSet::covers(std::string_view path) const {
  for (const Glob& glob : globs_) {
    if (glob_matches(glob.text, path))
      return true;
    if (!glob.covers_beneath)
      continue;
    for (std::size_t at = path.find('/'); at != kNowhere; at = path.find('/', at + 1)) {
      if (glob_matches(glob.text, path.substr(0, at)))
        return true;
    }
  }
  return false;
}

bool PathSet::may_cover_beneath(std::string_view directory) const {
  const auto is_beneath = [](std::string_view outer, std::string_view inner) {
    return outer.empty() || outer == inner ||
           (inner.size() > outer.size() && inner.starts_with(outer) && inner[outer.size()] == '/');
  };
  for (const Glob& glob : globs_) {
    const std::string prefix = glob_literal_prefix(glob.text);
    if (is_beneath(prefix, directory) || is_beneath(directory, prefix))
      return true;
  }
  return false;
}

}  // namespace fleet::worktree
