#include "engine/worktree/session_log.h"

#include <algorithm>

#include "engine/worktree/safe_files.h"

namespace fleet::worktree {
namespace {

constexpr std::uint64_t kMaxReflog = 1 << 20;
constexpr std::size_t kMaxSubject = 120;

std::string clean_subject(std::string_view text) {
  std::string out;
  for (const char byte : text) {
    const auto value = static_cast<unsigned char>(byte);
    out += value < 0x20 || value == 0x7f ? ' ' : byte;
  }
  if (out.size() > kMaxSubject) {
    std::size_t cut = kMaxSubject;
    // Not in the middle of a UTF-8 character.
    while (cut > 0 && (static_cast<unsigned char>(out[cut]) & 0xC0) == 0x80)
      --cut;
    out.resize(cut);
    out += "…";
  }
  return out;
}

}  // namespace

std::vector<std::string> parse_subjects(std::string_view reflog) {
  std::vector<std::string> subjects;
  while (!reflog.empty()) {
    const std::size_t end = std::min(reflog.find('\n'), reflog.size());
    const std::string_view line = reflog.substr(0, end);
    reflog.remove_prefix(std::min(end + 1, reflog.size()));
    const std::size_t tab = line.find('\t');
    if (tab == std::string_view::npos)
      continue;
    const std::string_view entry = line.substr(tab + 1);
    const std::size_t colon = entry.find(": ");
    if (colon == std::string_view::npos)
      continue;
    const std::string_view action = entry.substr(0, colon);
    const bool amends = action == "commit (amend)";
    if (!action.starts_with("commit") && action != "cherry-pick")
      continue;
    if (amends && !subjects.empty())
      subjects.pop_back();
    subjects.push_back(clean_subject(entry.substr(colon + 2)));
  }
  if (subjects.size() > kMaxSubjects) {
    subjects.erase(subjects.begin(), subjects.end() - static_cast<std::ptrdiff_t>(kMaxSubjects));
  }
  return subjects;
}

std::vector<std::string> session_subjects(const Slot& slot) {
  const auto root = open_directory(slot.root);
  if (!root)
    return {};
  const auto logs = open_beneath(root->get(), "session/git/logs");
  if (!logs)
    return {};
  const auto text = read_entry(logs->get(), "HEAD", kMaxReflog);
  return text ? parse_subjects(*text) : std::vector<std::string>();
}

}  // namespace fleet::worktree
