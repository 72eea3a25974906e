#include "engine/worktree/slot_state.h"

#include <sys/stat.h>

#include <array>
#include <string_view>
#include <utility>

#include "engine/worktree/safe_files.h"

namespace fleet::worktree {
namespace {

constexpr std::uint64_t kMaxState = 1 << 16;

std::optional<SlotKind> kind_of(std::string_view name) {
  for (const SlotKind kind : {SlotKind::kSession, SlotKind::kReview, SlotKind::kEvidence}) {
    if (name == name_of(kind))
      return kind;
  }
  return std::nullopt;
}

std::string state_path(const std::string& root) {
  return root + "/engine/state";
}

}  // namespace

// Four lines; the agent's name comes last, since it may hold anything.
std::optional<SlotState> load_state(const std::string& root) {
  const auto text = read_file_at(state_path(root), kMaxState);
  struct stat found = {};
  if (!text || ::stat(state_path(root).c_str(), &found) != 0)
    return std::nullopt;
  std::string_view rest = *text;
  std::array<std::string_view, 3> lines;
  for (std::string_view& line : lines) {
    const std::size_t end = rest.find('\n');
    if (end == std::string_view::npos)
      return std::nullopt;
    line = rest.substr(0, end);
    rest.remove_prefix(end + 1);
  }
  const auto kind = kind_of(lines[0]);
  const auto commit = Oid::parse(lines[1]);
  if (!kind || !commit || !rest.ends_with('\n'))
    return std::nullopt;
  SlotState state;
  state.kind = *kind;
  state.commit = *commit;
  state.agent = rest.substr(0, rest.size() - 1);
  state.leftovers = lines[2] == "saved" ? Leftovers::kSaved : Leftovers::kUnsaved;
  state.resetting = lines[2] == "resetting";
  state.written_ns = nanoseconds(found.st_mtim);
  return state;
}

Status save_state(const std::string& root, const SlotState& state) {
  const char* condition = state.leftovers == Leftovers::kSaved ? "saved" : "unsaved";
  if (state.resetting)
    condition = "resetting";
  return replace_file(state_path(root),
                      std::string(name_of(state.kind)) + "\n" + state.commit.hex() + "\n" +
                          condition + "\n" + state.agent + "\n",
                      false);
}

}  // namespace fleet::worktree
