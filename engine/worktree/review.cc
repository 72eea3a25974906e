#include "engine/worktree/review.h"

#include <fmt/format.h>

#include "engine/worktree/safe_files.h"

namespace fleet::worktree {
namespace {

char letter_of(Change::Kind kind) {
  switch (kind) {
    case Change::Kind::kAdded: return 'A';
    case Change::Kind::kModified: return 'M';
    case Change::Kind::kDeleted: return 'D';
  }
  return '?';
}

// A path on one line, whatever bytes it has.
std::string quoted(const std::string& path) {
  std::string out;
  bool plain = true;
  for (const char byte : path) {
    const auto value = static_cast<unsigned char>(byte);
    if (byte == '"' || byte == '\\') {
      out += '\\';
      out += byte;
    } else if (value < 0x20 || value >= 0x7F) {
      out += fmt::format("\\{:03o}", value);
    } else {
      out += byte;
      continue;
    }
    plain = false;
  }
  return plain ? path : "\"" + out + "\"";
}

Status write_new(int directory, const std::string& name, const std::string& bytes) {
  FLEET_TRY(const UniqueFd file, create_file(directory, name, 0444));
  return write_all(file.get(), bytes, name);
}

// The directory, new, of the name beside the slot's tree.
Result<UniqueFd> renew(const Slot& slot, const char* name) {
  FLEET_TRY(const UniqueFd root, open_directory(slot.root));
  FLEET_TRY(const UniqueFd session, open_beneath(root.get(), "session"));
  FLEET_CHECK(remove_entry(session.get(), name));
  FLEET_CHECK(make_directory(session.get(), name));
  return open_child(session.get(), name);
}

}  // namespace

Status write_review(Repository& repository, const Slot& slot, const Review& review) {
  FLEET_TRY(const std::string patch, repository.diff_text(review.before, review.after));
  FLEET_TRY(const std::vector<Change> changes, repository.changes(review.before, review.after));
  std::string files;
  for (const Change& change : changes)
    files += fmt::format("{}\t{}\n", letter_of(change.kind), quoted(change.path));
  FLEET_TRY(const UniqueFd folder, renew(slot, "review"));
  FLEET_CHECK(write_new(folder.get(), "diff.patch", patch));
  FLEET_CHECK(write_new(folder.get(), "files.txt", files));
  FLEET_CHECK(write_new(folder.get(), "criteria.md", review.criteria));
  return write_new(folder.get(), "commit", review.after.hex() + "\n");
}

Status make_empty(const Slot& slot) {
  FLEET_TRY(const UniqueFd folder, renew(slot, "empty"));
  return {};
}

}  // namespace fleet::worktree
