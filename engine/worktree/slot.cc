#include "engine/worktree/slot.h"

namespace fleet::worktree {

const char* name_of(SlotKind kind) {
  switch (kind) {
    case SlotKind::kSession: return "session";
    case SlotKind::kReview: return "review";
    case SlotKind::kEvidence: return "evidence";
  }
  return "?";
}

SlotMounts mounts(const Slot& slot) {
  return {{slot.tree(), slot.git_dir(), slot.objects(), slot.home(), slot.tmp()},
          {slot.tree() + "/.git", slot.git_dir() + "/commondir"},
          slot.common_dir};
}

std::vector<std::pair<std::string, std::string>> session_environment(
    const Slot& slot, const std::string& author_name, const std::string& author_email) {
  return {
      {"HOME", slot.home()},
      {"TMPDIR", slot.tmp()},
      {"GIT_OBJECT_DIRECTORY", slot.objects()},
      {"GIT_ALTERNATE_OBJECT_DIRECTORIES", slot.common_dir + "/objects"},
      {"GIT_AUTHOR_NAME", author_name},
      {"GIT_AUTHOR_EMAIL", author_email},
      {"GIT_COMMITTER_NAME", author_name},
      {"GIT_COMMITTER_EMAIL", author_email},
      {"GIT_TERMINAL_PROMPT", "0"},
      {"GIT_EDITOR", "true"},
      {"GIT_CONFIG_NOSYSTEM", "1"},
      // Settings of the repository that would run programs, ask for keys, or tidy up what the
      // session may not write.
      {"GIT_CONFIG_COUNT", "5"},
      {"GIT_CONFIG_KEY_0", "core.hooksPath"},
      {"GIT_CONFIG_VALUE_0", "/dev/null"},
      {"GIT_CONFIG_KEY_1", "core.fsmonitor"},
      {"GIT_CONFIG_VALUE_1", "false"},
      {"GIT_CONFIG_KEY_2", "commit.gpgSign"},
      {"GIT_CONFIG_VALUE_2", "false"},
      {"GIT_CONFIG_KEY_3", "gc.auto"},
      {"GIT_CONFIG_VALUE_3", "0"},
      {"GIT_CONFIG_KEY_4", "maintenance.auto"},
      {"GIT_CONFIG_VALUE_4", "false"},
  };
}

}  // namespace fleet::worktree
